-- The listener for module tools in Lua. It writes down what a load asks of the world.
--
--   lua observe.lua RECORD PROGRAM WORD…     (the interpreter is the one in PROGRAM's first line)
--   LUA_INIT=@observe.lua AUTOENV_HPC_RECORD=RECORD WRAPPER WORD…      (where Lmod hides behind a script)
--
-- What PROGRAM prints, its messages and its exit status stay its own. RECORD grows by fields that end
-- in NUL, four for each question: kind, what is asked for, the answer, and who asks (`FILE:LINE` where
-- the kind needs it, empty for Lmod itself). autoenv_hpc/modules/observations.py says what the kinds mean.
-- An answer about a file is its kind, times of modification and change, size and inode, taken before
-- Lmod sees it; or `absent`. The last record is `end`, so a record that was cut short is known.
--
-- Lmod and its modulefiles get a function of ours in place of each function of Lua's libraries that
-- looks outside. A modulefile may call it by any name: it is the value that is watched. Such a
-- function only writes down, then calls the original. Works with Lua 5.1 to 5.4.

-- A load ends soon: it may take four times the memory between two collections instead of twice.
collectgarbage("setpause", 400)

local SELF = debug.getinfo(1, "S").source
local is_behind_wrapper = not (arg and arg[0] == SELF:sub(2))
local record_path, program
if is_behind_wrapper then
  record_path = os.getenv("AUTOENV_HPC_RECORD")
else
  record_path, program = arg[1], arg[2]
end
local TCL_OBSERVER = SELF:sub(2):gsub("%.lua$", ".tcl")

local getinfo, pcall, select, tostring, type = debug.getinfo, pcall, select, tostring, type
local concat, find, match, sub = table.concat, string.find, string.match, string.sub
local original_open, original_require = io.open, require
local real_searchpath = package.searchpath
local stdout, stdin = io.stdout, io.stdin

---------------------------------------------------------------------------------------------------
-- The record

local waiting, count = {}, 0

local function flush()
  if count == 0 then return end
  local file = original_open(record_path, "ab")
  if file then
    file:write(concat(waiting, "\0", 1, count), "\0")
    file:close()
  end
  waiting, count = {}, 0
end

local function plain(value)
  local text = tostring(value)
  return find(text, "\0", 1, true) and (text:gsub("%z.*", "")) or text
end

local function write(kind, what, answer, asker)
  waiting[count + 1], waiting[count + 2] = kind, plain(what)
  waiting[count + 3], waiting[count + 4] = plain(answer or ""), asker or ""
  count = count + 4
end

local noted = {}

-- Writes down a question once.
local function note(kind, what, answer, asker)
  local of_kind = noted[kind]
  if not of_kind then
    of_kind = {}
    noted[kind] = of_kind
  end
  if of_kind[what] then return end
  of_kind[what] = true
  write(kind, what, answer, asker)
end

---------------------------------------------------------------------------------------------------
-- Who asks

local tool -- the folder of Lmod's installation, with a slash; known once Lmod has found it
local current_file = "" -- the modulefile or rc file that is evaluated
local walking = false -- whether Lmod looks through MODULEPATH

local function is_tools(source)
  if not tool then
    local command_folder = rawget(_G, "cmdDir")
    if not command_folder then return true end
    tool = command_folder():gsub("libexec/*$", "")
  end
  return sub(source, 2, #tool + 1) == tool and not find(source, "SitePackage.lua", 1, true)
end

-- Whether the function that called a watched function belongs to Lmod: a quick look at one frame.
local function asked_by_tool()
  local frame = getinfo(3, "S")
  local source = frame and frame.source or "=?"
  return sub(source, 1, 1) == "@" and is_tools(source)
end

local familiar = {} -- the source of a function to whether it is ours, Lmod's or a library's

local function is_familiar(source)
  local known = familiar[source]
  if known == nil then
    known = source == SELF
      or find(source, "/share/[^:]*5%.%d/") ~= nil
      or find(source, "/posix[./]") ~= nil
      or is_tools(source)
    if tool then familiar[source] = known end
  end
  return known
end

-- Where the question comes from: `FILE:LINE` of the first code on the stack that is neither ours, nor
-- Lmod's, nor a library's; nil if it is Lmod itself that asks.
local function asker()
  local level = 3
  while true do
    local frame = getinfo(level, "Sl")
    if not frame then return nil end
    local source = frame.source
    local first = sub(source, 1, 1)
    if first == "@" then
      if not is_familiar(source) then return sub(source, 2) .. ":" .. frame.currentline end
    elseif first ~= "=" then -- a text that was loaded
      -- what Lmod translates from Tcl has other lines than its file
      return find(current_file, "%.lua$") and current_file .. ":" .. frame.currentline or current_file
    end
    level = level + 1
  end
end

-- Writes down a question of a kind of which Lmod's own say nothing about a load. Lmod may ask for a
-- modulefile: whoever stands behind it on the stack counts.
local function note_if_not_tools(kind, what, answer)
  local who = asker()
  if who then note(kind, what, answer, who) end
end

---------------------------------------------------------------------------------------------------
-- Answers

local lfs_attributes, lfs_symlinkattributes, lfs_currentdir, posix_readlink
local is_loading_lfs = false

local function library_for_stamps()
  if is_loading_lfs then return end
  is_loading_lfs = true
  pcall(require, "lfs") -- as `require` is watched, this sets the functions above
end

local function stamp_of(attributes)
  if type(attributes) ~= "table" then return "absent" end
  return ("%s %d %d %d %d"):format(
    (attributes.mode:gsub(" ", "-")),
    attributes.modification,
    attributes.change,
    attributes.size,
    attributes.ino
  )
end

local function absolute(path)
  if sub(path, 1, 1) == "/" then return path end
  local folder = lfs_currentdir and lfs_currentdir() or "."
  note_if_not_tools("place", folder)
  return folder .. "/" .. path
end

local kernels = { proc = true, sys = true, dev = true }

-- Writes down a question about a file, with its state before it is looked at.
local function note_file(kind, path)
  if type(path) ~= "string" then return end
  if noted[kind] and noted[kind][path] then return end
  if not lfs_attributes then library_for_stamps() end
  local full = absolute(path)
  local look = kind == "link" and lfs_symlinkattributes or lfs_attributes
  local answer = look and stamp_of((look(full))) or "unseen"
  if kind == "link" and posix_readlink and sub(answer, 1, 5) == "link " then
    answer = answer .. " " .. plain(posix_readlink(full) or "")
  end
  local who = kernels[match(full, "^/(%w+)/") or ""] and asker() or nil
  if full ~= path then
    note(kind, full, answer, who)
    return
  end
  note(kind, path, answer, who)
end

---------------------------------------------------------------------------------------------------
-- Watching a function

-- Hands on what the original returned. An error gets back the name and the place that it would have
-- without us.
local function finish(name, ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" then error(message, 0) end
  message = message:gsub("to '%?'", "to '" .. name .. "'", 1)
  local level = 2
  while true do
    local frame = getinfo(level, "Sl")
    if not frame then error(message, 0) end
    if frame.source ~= SELF and frame.what ~= "tail" and frame.currentline >= 0 then
      error(("%s:%d: %s"):format(frame.short_src, frame.currentline, message), 0)
    end
    level = level + 1
  end
end

local function relay(name, original, ...)
  return finish(name, pcall(original, ...))
end

local watchers = {} -- kind to the maker of a watching function: (name, original) to function

for kind in
  ([[clock chance process effect place terminal unknown user host machine shell socket library]]):gmatch("%S+")
do
  local is_deep = kind == "user" or kind == "host" or kind == "machine"
  watchers[kind] = function(name, original)
    return function(...)
      if is_deep or not asked_by_tool() then note_if_not_tools(kind, name) end
      return relay(name, original, ...)
    end
  end
end

for _, kind in ipairs { "file", "access", "link", "read", "folder" } do
  watchers[kind] = function(name, original)
    return function(...)
      local path, how = ...
      if walking then return original(...) end
      note_file(kind, path)
      if type(path) == "string" and how == nil then return original(...) end
      return relay(name, original, ...)
    end
  end
end

function watchers.program(name, original)
  return function(...)
    note_if_not_tools("program", (...) or "", name)
    return relay(name, original, ...)
  end
end

---------------------------------------------------------------------------------------------------
-- Lua's own libraries

-- What these change in Lmod is how it speaks. They differ from terminal to terminal.
local manners = {}
for name in
  ([[TERM COLUMNS LANG LC_ALL PAGER LMOD_AVAIL_EXTENSIONS LMOD_AVAIL_STYLE LMOD_COLORIZE LMOD_COLOURIZE
  LMOD_OVERRIDE_LANG LMOD_PAGER LMOD_PAGER_OPTS LMOD_QUIET LMOD_REDIRECT LMOD_RTM_TESTING LMOD_SHORT_TIME
  LMOD_TERM_WIDTH LMOD_THRESHOLD LMOD_TRACING]]):gmatch("%S+")
do
  manners[name] = true
end

local settled_names = {} -- variables that were asked for, or set by the load, already

local getenv = os.getenv
local ours = { AUTOENV_HPC_SHELL = true }
if is_behind_wrapper then ours.AUTOENV_HPC_RECORD, ours.LUA_INIT = true, true end
os.getenv = function(...)
  local name = ...
  if ours[name] then return nil end
  if settled_names[name] then return getenv(...) end
  if type(name) ~= "string" then return relay("getenv", getenv, ...) end
  if not (manners[name] and asked_by_tool()) then
    settled_names[name] = true
    write("variable", name, getenv(name) and "set" or "")
  end
  return getenv(...)
end

local function note_set(name)
  if type(name) ~= "string" then return end
  settled_names[name] = true
  note("set", name)
end

for name, kind in pairs {
  time = "clock", date = "clock", clock = "clock", tmpname = "chance", execute = "program",
  remove = "effect", rename = "effect", setlocale = "unknown",
} do
  os[name] = watchers[kind](name, os[name])
end
math.random = watchers.chance("random", math.random)

-- The program may end at any place.
local is_finished = false
local function finish_record()
  if is_finished then return end
  is_finished = true
  write("end", "")
  flush()
end
local exit = os.exit
os.exit = function(...)
  finish_record()
  return exit(...)
end

local devices = { ["/dev/null"] = true, ["/dev/stdout"] = true, ["/dev/stderr"] = true, ["/dev/tty"] = true }

-- Opening a file to write changes the world, which a replay would not.
local function note_opened(name, path, mode)
  if devices[path] then return end
  if type(mode) == "string" and find(mode, "[wa+]") then
    note_if_not_tools("effect", name .. " " .. plain(path))
    if not find(mode, "[r]") then return end
  end
  note_file("read", path)
end

local opened_last -- in the walk
local open = io.open
io.open = function(...)
  local path, mode = ...
  if walking then
    opened_last = path
    return open(...)
  end
  note_opened("open", path, mode)
  return relay("open", open, ...)
end
local default_input = io.input
for _, name in ipairs { "lines", "input" } do
  local original = io[name]
  io[name] = function(...)
    local path = ...
    if type(path) == "string" then
      note_file("read", path)
    elseif path == nil and default_input() == stdin then
      note_if_not_tools("input", "io." .. name)
    end
    return relay(name, original, ...)
  end
end
for _, name in ipairs { "output", "tmpfile" } do
  io[name] = watchers.effect(name, io[name])
end
local io_read = io.read
io.read = function(...)
  if default_input() == stdin then note_if_not_tools("input", "io.read") end
  return relay("read", io_read, ...)
end

-- Text for the shell that is not Lmod's own. A modulefile's `print` goes the same way.
local function note_output() note_if_not_tools("output", "stdout") end
local handle = getmetatable(stdout).__index
local handle_write, handle_read, handle_lines = handle.write, handle.read, handle.lines
handle.write = function(...)
  if ... == stdout and not asked_by_tool() then note_output() end
  return handle_write(...)
end
local odd = {} -- files that the walk passed over, with their state: what they are can change
handle.read = function(...)
  if walking and opened_last then
    local text = handle_read(...)
    if not find(text or "", "^#%%Module") then odd[opened_last] = "read" end
    opened_last = nil
    return text
  end
  if ... == stdin then note_if_not_tools("input", "io.stdin") end
  return handle_read(...)
end
handle.lines = function(...)
  if ... == stdin then note_if_not_tools("input", "io.stdin") end
  return handle_lines(...)
end
local io_write, lua_print = io.write, print
io.write = function(...)
  if not asked_by_tool() then note_output() end
  return relay("write", io_write, ...)
end
print = function(...)
  if not asked_by_tool() then note_output() end
  return relay("print", lua_print, ...)
end

for _, name in ipairs { "loadfile", "dofile" } do
  local original = _G[name]
  _G[name] = function(...)
    local path = ...
    if type(path) == "string" then
      note_file("read", path)
    else
      note_if_not_tools("input", name)
    end
    if name == "dofile" then return original(...) end -- its errors are the file's own
    return relay(name, original, ...)
  end
end

-- Lmod starts its translator for modulefiles and rc files in Tcl. It is watched in turn, and its
-- record must not come before what was asked until then.
local function quoted(text) return '"' .. text .. '"' end
local popen = io.popen
io.popen = function(...)
  local command, mode = ...
  if type(command) == "string" then
    local before, translator, after = match(command, "^(.-)(%S*/%w+2lua%.tcl)(.*)$")
    if translator then
      flush()
      command = before .. quoted(TCL_OBSERVER) .. " " .. quoted(record_path) .. " " .. translator .. after
      return relay("popen", popen, command, select(2, ...))
    end
    note_if_not_tools("program", command, mode)
  end
  return relay("popen", popen, ...)
end

-- Ways around the listener, and into the interpreter.
for _, name in ipairs { "getupvalue", "getregistry", "upvaluejoin", "sethook", "setupvalue" } do
  if debug[name] then debug[name] = watchers.unknown("debug." .. name, debug[name]) end
end
package.loadlib = watchers.library("package.loadlib", package.loadlib)
if real_searchpath then package.searchpath = watchers.unknown("package.searchpath", real_searchpath) end
collectgarbage = watchers.chance("collectgarbage", collectgarbage)

---------------------------------------------------------------------------------------------------
-- Libraries

local posix_kinds = {
  file = "stat statvfs",
  link = "lstat readlink realpath",
  access = "access euidaccess",
  folder = "dir files opendir",
  user = [[getuid geteuid getgid getegid getgroups getlogin getpwnam getpwuid getpasswd getgrnam getgrgid
    getgroup]],
  host = "uname hostid gethostid gethostname",
  machine = "sysconf pathconf",
  clock = [[time clock clock_gettime clock_getres gettimeofday localtime gmtime mktime strftime times getrusage
    nanosleep sleep]],
  chance = "mkstemp mkdtemp",
  process = "getpid getppid getpgrp getpgid getsid wait kill getrlimit getpriority sched_getscheduler tcgetpgrp umask",
  program = "exec execp execx popen popen_pipeline spawn fork system pclose",
  terminal = "isatty ttyname ctermid tcgetattr",
  socket = "socket socketpair getaddrinfo connect bind msgget",
  effect = [[mkdir rmdir unlink remove rename link symlink mkfifo chmod chown lchown utime ftruncate creat dup dup2 pipe
    setpid setpgid setsid setrlimit nice signal sigaction alarm chroot truncate tcsetattr]],
  place = "getcwd chdir fchdir",
  pure = [[basename dirname fnmatch strptime crypt errno strerror set_errno strsignal abort close read
    write lseek fsync fdatasync sync openlog closelog syslog setlogmask LOG_MASK ctype isalnum isalpha isascii iscntrl
    isdigit isgraph islower isprint ispunct isspace isupper isxdigit toupper tolower getopt timeradd timercmp timersub
    S_ISBLK S_ISCHR S_ISDIR S_ISFIFO S_ISLNK S_ISREG S_ISSOCK WIFEXITED WEXITSTATUS WIFSIGNALED WTERMSIG bind_errno
    fcntl fileno fdopen poll rpoll raise grantpt ptsname openpt perror getopt_long usleep]],
}
local lfs_kinds = {
  folder = "dir",
  place = "currentdir chdir",
  effect = "mkdir rmdir touch lock unlock lock_dir link setmode",
}
local function by_name(kinds)
  local result = {}
  for kind, names in pairs(kinds) do
    for name in names:gmatch("%S+") do
      result[name] = kind
    end
  end
  return result
end
posix_kinds, lfs_kinds = by_name(posix_kinds), by_name(lfs_kinds)

local walked = {} -- folder to its attributes, as the walk through MODULEPATH saw it first

local replaced = {} -- original to what stands in its place, so that copies of a library agree

local function put(library, name, make)
  local original = library[name]
  if type(original) ~= "function" then return end
  if not replaced[original] then
    local made = make(original)
    replaced[original], replaced[made] = made, made
  end
  library[name] = replaced[original]
end

local function kind_only(path, attributes)
  if sub(path, 1, 1) ~= "/" then path = absolute(path) end
  local who = kernels[match(path, "^/(%w+)/") or ""] and asker() or nil
  note("kind", path, attributes or "absent", who)
end

local function watch_lfs(lfs)
  lfs_attributes, lfs_symlinkattributes, lfs_currentdir = lfs.attributes, lfs.symlinkattributes, lfs.currentdir
  put(lfs, "attributes", function(original)
    return function(...)
      local path, what = ...
      if walking then -- thousands of times
        local attributes, message, code = original(...)
        if attributes == nil then
          if type(path) == "string" then odd[path] = "kind" end -- a link that leads nowhere
        elseif what == nil and attributes.mode == "directory" and not walked[path] then
          walked[path] = attributes
        end
        return attributes, message, code
      end
      if what == "mode" and type(path) == "string" then
        local mode, message, code = original(path, "mode")
        kind_only(path, mode)
        return mode, message, code
      end
      note_file("file", path)
      if type(path) == "string" and what == nil then return original(...) end
      return relay("attributes", original, ...)
    end
  end)
  put(lfs, "symlinkattributes", function(original) return watchers.link("symlinkattributes", original) end)
  for name, value in pairs(lfs) do
    if type(value) == "function" and not replaced[value] then
      local kind = lfs_kinds[name] or "unknown"
      put(lfs, name, function(original) return watchers[kind]("lfs." .. name, original) end)
    end
  end
end

local function watch_posix(posix)
  posix_readlink = posix_readlink or posix.readlink
  for name, value in pairs(posix) do
    if type(value) == "function" and not replaced[value] then
      local kind = posix_kinds[name]
      if name == "getenv" then
        put(posix, name, function(original)
          return function(...)
            local asked = ...
            if asked == nil then
              note_if_not_tools("environment", "")
            elseif not settled_names[asked] then
              settled_names[asked] = true
              write("variable", asked, original(asked) and "set" or "")
            end
            return relay("getenv", original, ...)
          end
        end)
      elseif name == "setenv" or name == "unsetenv" or name == "putenv" then
        put(posix, name, function(original)
          return function(...)
            note_set((...))
            return relay(name, original, ...)
          end
        end)
      elseif name == "fork" then
        put(posix, name, function(original)
          return function(...)
            note_if_not_tools("program", "fork", name)
            local process, message, code = original(...)
            if process == 0 then is_finished = true end -- the record is its parent's
            return process, message, code
          end
        end)
      elseif name == "open" then
        put(posix, name, function(original)
          return function(...)
            local path, flags = ...
            local is_reading = type(flags) ~= "number" or flags % 4 == 0
            if not devices[path] then
              note_file("read", path)
              if not is_reading then note_if_not_tools("effect", "posix.open " .. plain(path)) end
            end
            return relay("open", original, ...)
          end
        end)
      elseif name == "glob" then
        put(posix, name, function(original)
          return function(...)
            local pattern = ...
            note("glob", type(pattern) == "string" and absolute(pattern) or "*", "", asker())
            return relay("glob", original, ...)
          end
        end)
      elseif kind ~= "pure" then
        if name == "uname" or name == "stat" or getinfo(value, "S").what == "C" then
          put(posix, name, function(original)
            if name == "stat" then
              return function(...)
                if walking then return original(...) end
                local path, what = ...
                if what == "type" and type(path) == "string" then
                  note_file("link", path) -- luaposix follows links in some of its versions only
                  walking = true -- what the library asks on the way is this same question
                  local mode, message, code = original(path, "type")
                  walking = false
                  if mode ~= "link" then kind_only(path, mode) end
                  return mode, message, code
                end
                note_file("link", path)
                note_file("file", path)
                if type(path) == "string" and what == nil then return original(...) end
                return relay("stat", original, ...)
              end
            end
            if name == "uname" then
              return function(...)
                local format = ...
                if type(format) == "string" and not find(format, "%%[^ms]") then
                  note_if_not_tools("machine", "uname " .. format)
                else
                  note_if_not_tools("host", "uname")
                end
                return relay("uname", original, ...)
              end
            end
            return watchers[kind or "unknown"]("posix." .. name, original)
          end)
        end
      end
    end
  end
end

-- Libraries of which Lmod itself makes use, and that ask nothing. Where they lie is the installation's.
local function is_known_library(name)
  return find(name, "^posix") or find(name, "^lfs") or find(name, "^term") or find(name, "^json") or find(name, "^lpeg")
    or name == "tcl2lua"
end
local pure_libraries = { lpeg = true, re = true, bit32 = true, bit = true, cjson = true, tcl2lua = true, struct = true }

-- The files that `require` looks for and does not find, and the one that it does.
local function note_search(name, found)
  if not found then -- it may be a library in C: what it asks cannot be seen
    local is_there = real_searchpath and real_searchpath(name, package.cpath)
    if is_there or not real_searchpath then
      local family = match(name, "^[^.]+")
      if not pure_libraries[family] then note_if_not_tools("library", name) end
    end
  end
  for template in package.path:gmatch("[^;]+") do
    local path = template:gsub("%?", (name:gsub("%.", "/")))
    if not is_tools("@" .. path) then note_file("read", path) end
    if path == found then break end
  end
end

-- What finds libraries in Lua. Where it found one is known to the function that it returns.
local searchers = package.searchers or package.loaders
local search = searchers[2]
local is_installations = false -- whether Lmod requires a library that it is known to use
searchers[2] = function(name, ...)
  if is_installations then return search(name, ...) end
  local is_sound, loader, path = pcall(search, name, ...)
  local source = is_sound and type(loader) == "function" and getinfo(loader, "S").source
  if source and is_tools(source) then return loader, path end
  note_search(name, source and sub(source, 2))
  return search(name, ...) -- again, as its state had to be noted before
end

-- What Lmod's own parts do for others is watched at the part.
local parts = {}

-- The walk through MODULEPATH: thousands of questions, of which only few decide.
local modulepaths, tried = {}, {}
function parts.DirTree(library)
  put(library, "new", function(original)
    return function(self, paths, ...)
      for i = 1, #(type(paths) == "table" and paths or {}) do
        local path = paths[i]
        if not modulepaths[path] then
          modulepaths[path] = true
          if lfs_attributes and lfs_attributes(path, "mode") ~= "directory" then note_file("file", path) end
        end
      end
      local was = walking
      walking = true
      local ok, result = pcall(original, self, paths, ...)
      walking = was
      if not ok then error(result, 0) end
      return result
    end
  end)
end

-- Each name that is looked for: as typed, loaded by a modulefile, tried, or meant by an alias.
function parts.MName(library)
  put(library, "new", function(original)
    return function(self, kind, name, ...)
      if type(name) == "string" and kind ~= "mt" then tried[name] = true end
      return original(self, kind, name, ...)
    end
  end)
end

-- Rc files run in the midst of the walk. What they ask counts only if they bear on a name that was tried.
local meanings = {} -- alias to the name that it stands for
local function names_in(actions)
  local names = {}
  if type(actions) == "table" then
    for _, action in pairs(actions) do
      if type(action) == "table" then
        if type(action.name) == "string" and type(action.mfile) == "string" then
          meanings[action.name] = action.mfile
        end
        -- Lmod shows or forbids modules from a date on
        if action.before or action.after then note("clock", "before or after a date", "", current_file) end
        for _, key in ipairs { "name", "module_name", "mfile" } do
          if type(action[key]) == "string" then names[#names + 1] = action[key] end
        end
      end
    end
  end
  return concat(names, "\n")
end
function parts.mrc_load()
  put(_G, "mrc_load", function(original)
    return function(path, ...)
      local was, file = walking, current_file
      walking, current_file = false, tostring(path)
      write("rc", path, was and "walk" or "")
      if was then noted, settled_names = {}, {} end -- what they asked may be dropped: ask anew
      note_file("read", path)
      local ok, result = pcall(original, path, ...)
      local names = ok and names_in(result) or ""
      walking, current_file = was, file
      if was then noted, settled_names = {}, {} end
      write("rc end", path, names)
      if not ok then error(result, 0) end
      return result
    end
  end)
end

function parts.loadModuleFile()
  put(_G, "loadModuleFile", function(original)
    return function(what, ...)
      local file = current_file
      current_file = type(what) == "table" and plain(what.file) or ""
      local ok, result = pcall(original, what, ...)
      current_file = file
      if not ok then error(result, 0) end
      return result
    end
  end)
end

-- Commands that a modulefile hands to the shell.
function parts.Exec(library)
  put(library, "register", function(original)
    return function(...)
      note("output", "execute", "", asker() or current_file)
      return original(...)
    end
  end)
end

-- The load runs in bash, but a modulefile gets the name of the shell for which it is made.
local shell = getenv("AUTOENV_HPC_SHELL")
function parts.modfuncs()
  local answers = { myShellName = shell, myShellType = shell == "fish" and shell or "sh" }
  for name, answer in pairs(answers) do
    if type(rawget(_G, name)) == "function" then
      put(_G, name, function(original)
        local ask = watchers.shell(name, original)
        return shell and function(...)
          ask(...)
          return answer
        end or ask
      end)
    end
  end
end

-- The translator inside of this process.
function parts.tcl2lua(library)
  put(library, "runTCLprog", function(original)
    return function(translator, words)
      flush()
      return original(TCL_OBSERVER, quoted(record_path) .. " " .. quoted(translator) .. " " .. words)
    end
  end)
end

local seen_libraries = {}
local function heed(name, library)
  if seen_libraries[name] then return end
  seen_libraries[name] = true
  if parts[name] then
    parts[name](library)
  elseif name == "lfs" then
    watch_lfs(library)
  elseif type(library) == "table" and find(name, "^posix") then
    watch_posix(library)
  end
end

function require(name, ...)
  if type(name) ~= "string" or package.loaded[name] then return original_require(name, ...) end
  is_installations = is_known_library(name) and not asker()
  local result, where = original_require(name, ...)
  heed(name, result)
  return result, where
end

---------------------------------------------------------------------------------------------------
-- The walk's own answers, once it is known which of them decide

local function write_walk()
  local wanted, roots = {}, {}
  for _ = 1, 3 do -- an alias may stand for an alias
    for alias, name in pairs(meanings) do
      if tried[alias] then tried[name] = true end
    end
  end
  for folder in pairs(modulepaths) do
    wanted[folder] = true
    for name in pairs(tried) do
      local path = folder
      for part in name:gmatch("[^/]+") do
        path = path .. "/" .. part
        wanted[path] = true
      end
      roots[path] = true
    end
  end
  local function decides(folder)
    if wanted[folder] then return true end
    while folder and not modulepaths[folder] do
      if roots[folder] then return true end
      folder = match(folder, "^(.+)/[^/]+$")
    end
  end
  for path, attributes in pairs(walked) do
    write(decides(path) and "walk" or "walk elsewhere", path, stamp_of(attributes))
  end
  for path, kind in pairs(odd) do
    if decides(match(path, "^(.+)/[^/]+$")) then note_file(kind == "read" and kind or "file", path) end
  end
  for name in pairs(tried) do
    write("tried", name)
  end
  for folder in pairs(modulepaths) do
    write("modulepath", folder)
  end
  if tool then write("tool", tool) end
end
local finish_without_walk = finish_record
function finish_record()
  if is_finished then return end
  write_walk()
  finish_without_walk()
end

---------------------------------------------------------------------------------------------------

if is_behind_wrapper then
  -- the program comes next; it ends with os.exit or with its last line
  local last = newproxy and newproxy(true) or setmetatable({}, {})
  getmetatable(last).__gc = finish_record
  if not newproxy then setmetatable(last, { __gc = finish_record }) end
  debug.getregistry()[SELF] = last
  return
end

-- Code that runs before the first line of any program in Lua.
for _, name in ipairs { "LUA_INIT", "LUA_INIT" .. _VERSION:gsub("Lua (%d)%.(%d)", "_%1_%2") } do
  write("variable", name, getenv(name) and "set" or "")
  if getenv(name) then note("unknown", name, "", "the environment") end
end

local words = { [0] = program, [-1] = arg[-1] }
for i = 3, #arg do
  words[i - 2] = arg[i]
end
local interpreter = arg[-1]
arg = words

local chunk, message = loadfile(program)
if not chunk then
  io.stderr:write(interpreter, ": ", tostring(message), "\n")
  finish_record()
  exit(1)
end
local function report(problem)
  local text = type(problem) == "string" and problem or tostring(problem)
  local trace = debug.traceback(text, 2)
  -- our own part of the stack is no part of the program's
  trace = trace:gsub("\n\t%[C%]: in function '?xpcall'?.*$", "\n\t[C]: in ?")
  trace = trace:gsub("\n\t[^\n]*observe%.lua:[^\n]*", ""):gsub("in upvalue 'original_(%w+)'", "in function '%1'")
  io.stderr:write(interpreter, ": ", trace, "\n")
end
local unpack = table.unpack or unpack
local ok
if _VERSION == "Lua 5.1" then
  ok = xpcall(function() chunk(unpack(words)) end, report)
else
  ok = xpcall(chunk, report, unpack(words))
end
finish_record()
if not ok then exit(1) end
