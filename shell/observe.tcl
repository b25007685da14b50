# The listener for module tools in Tcl. It writes down what a load asks of the world.
#
#   tclsh observe.tcl RECORD PROGRAM WORD…
#
# What PROGRAM prints, its messages and its exit status stay its own. RECORD is as observe.lua writes it:
# four fields that end in NUL for each question, `end` last. Lmod's translator inside of its own process
# is called with -F in front of all words.
#
# Traces do the work: on the array env, and on each command that looks outside, in every interpreter that
# is made. A trace follows its command or variable under any other name. Works with Tcl 8.5 to 9.

namespace eval ::observe {
    variable flag [lrange $::argv 0 [expr {[lindex $::argv 0] eq {-F} ? 0 : -1}]]
    variable words [lrange $::argv [llength $flag] end]
    variable record [lindex $words 0]
    variable program [lindex $words 1]
    variable self [info script]
    variable lines {}
    variable seen
    array set seen {}
    variable busy 0
    variable shell {} ;# for which modules are loaded, if it is not bash
    if {[info exists ::env(AUTOENV_HPC_SHELL)]} {
        set shell $::env(AUTOENV_HPC_SHELL)
        unset ::env(AUTOENV_HPC_SHELL)
    }
    variable kept
    array set kept {}
    variable walking 0
    variable is_watched 0
    variable has_site_code 0 ;# whether the program's own interpreter runs code that is not the program's
    variable evaluating {}
    # What these change in the program is how it speaks. They differ from terminal to terminal.
    variable manners
    set manners {
        TERM COLUMNS CLICOLOR CLICOLOR_FORCE NO_COLOR LESS PAGER MODULES_COLOR MODULES_COLORS
        MODULES_LIGHT_BACKGROUND_COLORS MODULES_DARK_BACKGROUND_COLORS MODULES_PAGER MODULES_TERM_BACKGROUND
        MODULES_TERM_WIDTH MODULES_REDIRECT_OUTPUT MODULES_VERBOSITY
    }
    # From where a question comes: FILE:LINE in the code that is evaluated, empty for the program itself.
    variable frames_of {
        apply {{} {
            set frames {}
            for {set i [expr {[info frame] - 2}]} {$i > 0} {incr i -1} {
                lappend frames [info frame $i]
            }
            return $frames
        }}
    }
    # Programs that only serve how the program speaks, or a log.
    variable harmless {^(?:\S*/)?(?:stty|tput|mode|less|more|most|logger|cat)\M}
    variable subcommands {
        atime file attributes file copy effect delete effect executable access exists kind isdirectory kind isfile kind
        link link lstat link mkdir effect mtime file normalize link owned file readable access readlink link rename effect
        size file stat stat system unknown tempfile chance tempdir chance type link volumes unknown writable access
    }
    # Commands that look outside, with their kinds. What this Tcl lacks is left out.
    variable commands {}
    foreach {command kind} {
        ::glob glob ::open read ::source read ::load load ::exec program ::socket socket ::pwd place ::cd place ::pid process
        ::time clock ::timerate clock ::tcl::clock::seconds clock ::tcl::clock::milliseconds clock
        ::tcl::clock::microseconds clock ::tcl::clock::clicks clock ::tcl::clock::format clock ::tcl::clock::scan clock
        ::tcl::clock::add clock ::tcl::mathfunc::rand chance ::tcl::info::hostname host
        ::gets input ::read input ::tcl::chan::gets input ::tcl::chan::read input
    } {
        if {[info commands $command] ne {}} {
            lappend commands $command $kind
        }
    }
    if {[info commands ::tcl::file::exists] eq {}} {
        lappend commands ::file any_file
    } else {
        foreach {part kind} $subcommands {
            if {[info commands ::tcl::file::$part] ne {}} {
                lappend commands ::tcl::file::$part $kind
            }
        }
    }
    # Commands that ask for an element of `env` without a trace on it, for the home folder, or for the locale.
    # The program itself calls them all the time.
    variable silent {::upvar element ::unset element}
    lappend silent [expr {[info commands ::tcl::namespace::upvar] eq {} ? {::namespace} : {::tcl::namespace::upvar}}] element
    lappend silent [expr {[info commands ::tcl::encoding::system] eq {} ? {::encoding} : {::tcl::encoding::system}}] locale
    variable of_tilde {dirname tilde nativename tilde tail tilde home tilde tildeexpand tilde}
    foreach {part kind} $of_tilde {
        if {[info commands ::tcl::file::$part] ne {}} {
            lappend silent ::tcl::file::$part $kind
        }
    }
    # Lmod's translators are started for each file. The one for modulefiles runs them in an interpreter of
    # their own, so little of itself is watched; the one for rc files runs them in its own.
    variable is_translator [string match *2lua.tcl $program]
    variable has_inner [string match *tcl2lua.tcl $program]
    variable commands_of_translator {::exec program ::source read ::load load}
    # Environment Modules' own parts; those of the library in C are there once it is loaded.
    variable parts {
        ::readFile content ::__readFile content ::getFilesInDirectory folder ::__getFilesInDirectory folder
        ::module-info tool_info ::uname tool_uname ::initStateClockSeconds tool_clock
        ::__initStateClockSeconds tool_clock ::putsModfileCmd tool_output
    }
    # The program tells all of its interpreters of each variable that it sets. Only the one that evaluates
    # a modulefile is listened to.
    variable heard {}
    # A modulefile or an rc file, which was perhaps read in the walk, is evaluated.
    variable above {}
}

# What a file is, and when it was changed, before the program looks at it.
proc ::observe::stamp {path {how stat}} {
    # an error leaves traces, which the program may look at
    foreach name {errorInfo errorCode} {
        if {[info exists ::$name]} {
            set kept($name) [set ::$name]
        }
    }
    if {[catch {file $how $path found}]} {
        foreach name {errorInfo errorCode} {
            if {[info exists kept($name)]} {
                set ::$name $kept($name)
            } else {
                unset -nocomplain ::$name
            }
        }
        return absent
    }
    set answer "$found(type) $found(mtime) $found(ctime) $found(size) $found(ino)"
    if {$found(type) eq {link}} {
        catch {append answer { } [file readlink $path]}
    }
    return $answer
}

proc ::observe::write {kind what answer asker} {
    variable lines
    lappend lines $kind $what $answer $asker
}

proc ::observe::flush_record {} {
    variable lines
    variable record
    if {[llength $lines] == 0 || [catch {open $record a} file]} {
        return
    }
    fconfigure $file -translation lf
    if {[string match 9.* $::tcl_version]} {
        fconfigure $file -profile tcl8 ;# what cannot be said in this encoding is no reason to end
    }
    puts -nonewline $file [join $lines \0]\0
    close $file
    set lines {}
}

proc ::observe::asker {interp} {
    variable has_site_code
    if {$interp eq {} && !$has_site_code} {
        return {}
    }
    variable frames_of
    variable program
    variable self
    set frames {}
    set frames [interp eval $interp $frames_of]
    set line {}
    set is_program_reached 0
    foreach frame $frames {
        if {[dict exists $frame file]} {
            set place [dict get $frame file]
            if {$place eq $program} {
                set is_program_reached 1
            } elseif {$place ne $self && [string first $::tcl_library $place] != 0} {
                return $place:[dict get $frame line]
            }
        } elseif {!$is_program_reached && [dict get $frame type] eq {eval}
            && ![string match ::__observe* [dict get $frame cmd]]} {
            set line :[dict get $frame line] ;# in the text of a modulefile
        }
    }
    if {$interp eq {}} {
        return {}
    }
    if {[interp eval $interp {info exists ::ModulesCurrentModulefile}]} {
        set file [interp eval $interp {set ::ModulesCurrentModulefile}]
    } else {
        set file [interp eval $interp {info script}]
    }
    if {$file eq {}} {
        return {a modulefile}
    }
    return $file$line
}

# The modulefile that is evaluated, for what the program does in its name.
proc ::observe::current {} {
    variable evaluating
    if {[info commands ::currentState] ne {} && ![catch {currentState modulefile} file]} {
        return $file
    }
    if {[info exists ::ModulesCurrentModulefile]} {
        return $::ModulesCurrentModulefile
    }
    return $evaluating
}

proc ::observe::note {kind what answer asker} {
    variable seen
    if {[info exists seen($kind,$what)]} {
        return
    }
    set seen($kind,$what) 1
    write $kind $what $answer $asker
}

proc ::observe::absolute {interp path} {
    switch -- [string index $path 0] {
        / {
            return $path
        }
        ~ { # the home folder, taken by Tcl itself
            settle HOME
            if {[string match ~?* $path] && ![string match ~/* $path]} {
                note user $path {} [asker $interp]
            }
            return [file normalize $path]
        }
    }
    set folder [pwd]
    if {$interp ne {} || [asker $interp] ne {}} {
        note place $folder {} [asker $interp]
    }
    return $folder/$path
}

proc ::observe::note_file {interp kind path} {
    variable seen
    if {[info exists seen($kind,$path)] && [string index $path 0] eq {/}} {
        return
    }
    set full [absolute $interp $path]
    set who {}
    if {[string match /proc/* $full] || [string match /sys/* $full] || [string match /dev/* $full]} {
        set who [asker $interp]
    }
    note $kind $full [stamp $full [expr {$kind eq {link} ? {lstat} : {stat}}]] $who
}

# A variable of the environment counts until the load sets it.
proc ::observe::settle {args} {
    variable settled
    foreach name $args {
        if {![info exists settled($name)]} {
            set settled($name) asked
            write variable $name [expr {[info exists ::env($name)] ? {set} : {}}] {}
        }
    }
}

# The trace on env. It runs thousands of times, so it returns early.
proc ::observe::variable_asked {interp array name operation} {
    if {[info exists ::observe::settled($name)]
        && ($operation eq {read} || $::observe::settled($name) eq {set}) || $::observe::busy} {
        return
    }
    variable busy 1
    variable settled
    switch -- $operation {
        read {
            variable is_watched
            if {!$is_watched && [info commands ::execute-modulefile] ne {}} {
                set is_watched 1
                watch_parts
            }
            variable manners
            if {$name eq {}} { # `upvar` to one element: nobody tells which
                note_unless_tools $interp alias {}
            } elseif {$interp ne {} || $name ni $manners || [asker $interp] ne {}} {
                settle $name
            }
        }
        array {note_unless_tools $interp environment {}}
        default {
            if {$name ne {}} {
                set settled($name) set
                write set $name {} {}
            }
        }
    }
    set busy 0
}

proc ::observe::platform_asked {interp array name operation} {
    variable busy
    if {$busy} {
        return
    }
    set busy 1
    set who [asker $interp]
    if {$interp ne {} || $who ne {}} {
        switch -- $name {
            user {note user tcl_platform(user) {} $who}
            osVersion - {} {note host tcl_platform($name) {} $who}
            machine - os - platform {note machine tcl_platform($name) {} $who}
        }
    }
    set busy 0
}

# The trace on a command. Kind and command's words tell what is asked. The long answers are procedures of
# their own, so that an interpreter compiles what it calls: Lmod's translator begins anew for each modulefile.
proc ::observe::asked {interp kind line operation} {
    variable busy
    if {$busy} {
        return
    }
    set busy 1
    switch -- $kind {
        file - kind - access - link - stat {path_asked $interp $kind $line}
        any_file {subcommand_asked $interp $line}
        read {read_asked $interp $line}
        content {content_asked $line}
        folder {note walk [lindex $line 1] [stamp [lindex $line 1]] {}}
        glob {glob_asked $interp [lrange $line 1 end]}
        element {element_asked $interp $line}
        load {note_unless_tools $interp library [lindex $line 1]}
        program {program_asked $interp [lrange $line 1 end]}
        place {place_asked $interp $line}
        tilde {tilde_asked $interp $line}
        input {
            if {{stdin} in $line} {
                note input $line {} [asker $interp]
            }
        }
        tool_info - tool_uname - tool_clock - tool_user - tool_output {tool_asked $kind $line}
        locale {
            if {![is_programs $interp]} {
                settle LC_ALL LC_CTYPE LANG
            }
        }
        default {note_unless_tools $interp $kind $line}
    }
    set busy 0
}

# Whether the program's own code asks, in its own interpreter.
proc ::observe::is_programs {interp} {
    expr {$interp eq {} && [asker $interp] eq {}}
}

# A question of the program's own, in its own interpreter, often says nothing about the load.
proc ::observe::note_unless_tools {interp kind what} {
    set who [asker $interp]
    if {$interp ne {} || $who ne {}} {
        note $kind $what {} $who
    }
}

# Tcl itself puts the home folder for a tilde, without a look at `env`.
proc ::observe::tilde_asked {interp line} {
    set path [lindex $line end]
    if {[string match ho* [lindex $line 1]]} { # `file home ?user?` of Tcl 9
        set path [expr {[llength $line] > 2 ? "~$path" : {~}}]
    }
    if {[string match ~* $path] && ![is_programs $interp]} {
        absolute $interp $path
    }
}

proc ::observe::place_asked {interp line} {
    if {[string match *cd [lindex $line 0]]} {
        tilde_asked $interp [list cd {} [expr {[llength $line] == 1 ? {~} : [lindex $line 1]}]]
    }
    note_unless_tools $interp place [pwd]
}

# `unset` fails for what is not set. A variable that `upvar` links to an element answers for it.
proc ::observe::element_asked {interp line} {
    if {![string match *(* $line] || [is_programs $interp]} {
        return
    }
    set words [lassign $line command]
    switch -glob -- $command {
        *unset {
            foreach word $words {
                if {[regexp {\((.*)\)$} $word -> name]} {
                    settle $name
                }
            }
        }
        *upvar {note_unless_tools $interp alias {}}
        default {
            if {[string match u* [lindex $words 0]]} {
                note_unless_tools $interp alias {}
            }
        }
    }
}

proc ::observe::path_asked {interp kind line} {
    variable walking
    if {$walking} {
        return
    }
    set offset [expr {[lindex $line 0] in {file ::file} ? 2 : 1}]
    if {$kind eq {stat}} {
        set kind file
    }
    if {$kind eq {file} && [llength $line] > $offset + 2} {
        set who [asker $interp]
        if {$who ne {}} {
            note effect $line {} $who
        }
    }
    note_file $interp $kind [lindex $line $offset]
}

proc ::observe::read_asked {interp line} {
    variable walking
    variable program
    set path [lindex $line 1]
    if {$path eq {-encoding}} {
        set path [lindex $line 3]
    }
    if {[string index $path 0] eq {|}} {
        program_asked $interp $line
    } elseif {!$walking} {
        set command [lindex $line 0]
        if {[string match *open $command] && [string match {*[wa+]*} [string tolower [lindex $line 2]]]} {
            set who [asker $interp]
            if {$who ne {}} {
                note effect $line {} $who
            }
        }
        if {$interp eq {} && $path ne $program && [string match *source $command]} {
            heed_site_code $path
        }
        if {$path ni {/dev/null /dev/stdin /dev/stdout /dev/stderr}} {
            note_file $interp read $path
        }
    }
}

# The program's own way to read, in C or in Tcl. It keeps what it read.
proc ::observe::content_asked {line} {
    variable before
    variable walking
    set path [lindex $line 1]
    if {![info exists before($path)]} {
        set before($path) [stamp $path]
    }
    if {!$walking} {
        note read $path $before($path) {}
    }
}

# What the program answers in a modulefile's name.
proc ::observe::tool_asked {kind line} {
    set word [lindex $line 1]
    switch -- $kind {
        tool_info {
            switch -glob -- $word {
                shell - shelltype {note shell $line {} [current]}
                user* {note user $line {} [current]}
                uname - platform {note host $line {} [current]}
            }
        }
        tool_uname {note [expr {$word in {sysname machine} ? {machine} : {host}}] $line {} [current]}
        tool_clock {note clock $line {} [current]}
        tool_user {note user $line {} [current]}
        tool_output {
            # puts ?-nonewline? ?channel? text, behind the name of the interpreter
            set rest [lrange $line 2 end]
            if {[lindex $rest 0] eq {-nonewline}} {
                set rest [lrange $rest 1 end]
            }
            if {$word ne {dummy} && ([llength $rest] < 2 || [lindex $rest 0] in {stdout prestdout})} {
                note output stdout {} [current]
            }
        }
    }
}

# The load runs in bash, but a modulefile gets the name of the shell for which it is made. Lmod's translator
# and the versions of Environment Modules keep the two answers in different variables.
proc ::observe::as_shell {line args} {
    variable shell
    variable kept
    if {$shell eq {} || [lindex $line 1] ni {shell shelltype}} {
        return
    }
    if {[lindex $args end] eq {enter}} {
        set type [expr {$shell eq {fish} ? {fish} : {sh}}]
        if {[info commands ::getState] ne {}} {
            catch {::getState shelltype} ;# which it would else derive from what is set here
        }
        foreach {name answer} [list ::g_states(shell) $shell ::g_states(shelltype) $type\
            ::g_shellName $shell ::g_shell $shell ::g_shellType $type] {
            if {[info exists $name]} {
                set kept($name) [set $name]
                set $name $answer
            }
        }
    } else {
        foreach {name answer} [array get kept] {
            set $name $answer
        }
        array unset kept
    }
}

# A site's configuration, which mostly holds comments only.
proc ::observe::heed_site_code {path} {
    variable has_site_code
    if {[catch {::open $path} file]} {
        return
    }
    set text [::read $file]
    ::close $file
    foreach line [split $text \n] {
        if {[string index [string trimleft $line] 0] ni {{} #}} {
            set has_site_code 1
            break
        }
    }
    if {!$has_site_code} {
        return
    }
    if {[string match *interp* $text]} {
        trace add execution ::interp leave {::observe::created {}}
    }
    # The names of these commands, or the tilde, stand in the text, or are put together in one of these ways.
    variable silent
    set is_composed [regexp {(?n)eval|subst|level|format|\\[xu]|(^|[[;])\s*\$\{?[\w:]+\}?\s|\{\*\}} $text]
    foreach {command kind} $silent {
        set word [expr {$kind eq {tilde} ? {~} : $kind eq {locale} ? {encoding} : [namespace tail $command]}]
        if {($is_composed || [string first $word $text] >= 0) && [trace info execution $command] eq {}} {
            trace add execution $command enter [list ::observe::asked {} $kind]
        }
    }
}

proc ::observe::program_asked {interp line} {
    variable harmless
    set command $line
    while {[string match -* [lindex $command 0]]} {
        set command [lrange $command 1 end]
    }
    if {$interp eq {} && [regexp $harmless $command]} {
        return
    }
    set who [asker $interp]
    if {$who eq {}} {
        set who [current]
    }
    note program $command {} $who
}

proc ::observe::glob_asked {interp arguments} {
    variable walking
    if {$walking} {
        return
    }
    set folder {}
    set is_joined 0
    while {[string match -* [lindex $arguments 0]]} { # options may be abbreviated
        set arguments [lassign $arguments option]
        switch -glob -- $option {
            -- {break}
            -d* {set arguments [lassign $arguments folder]; append folder /}
            -p* {set arguments [lassign $arguments folder]}
            -ty* {set arguments [lrange $arguments 1 end]}
            -j* {set is_joined 1}
        }
    }
    if {$is_joined} {
        set arguments [list [join $arguments /]]
    }
    foreach pattern $arguments {
        note glob [absolute $interp $folder$pattern] {} [asker $interp]
    }
}

proc ::observe::subcommand_asked {interp line} {
    variable subcommands
    variable of_tilde
    variable walking
    set typed [lindex $line 1]
    foreach {name kind} [concat $subcommands $of_tilde] {
        if {[string first $typed $name] == 0} { # it may be abbreviated
            if {$kind eq {tilde}} {
                tilde_asked $interp $line
                continue
            }
            if {$kind in {file kind access link stat}} {
                if {!$walking} {
                    note_file $interp [expr {$kind eq {stat} ? {file} : $kind}] [lindex $line 2]
                }
            } else {
                note_unless_tools $interp $kind $line
            }
            return
        }
    }
}

# Watches one interpreter; its path is empty for the program's own. A list is evaluated as it is, where a
# script would be compiled in each interpreter.
proc ::observe::install {interp {with_env 1}} {
    variable commands
    variable commands_of_translator
    variable silent
    variable has_inner
    variable is_translator
    variable installed
    variable env_trace
    set installed($interp) 1
    foreach {name handler} {
        ::__observe asked ::__observe_env variable_asked ::__observe_platform platform_asked ::__observe_created created
    } {
        interp alias $interp $name {} ::observe::$handler $interp
    }
    set is_safe [expr {$interp ne {} && [interp issafe $interp]}] ;# it lacks some, and errors leave traces in it
    set watched [expr {$has_inner && $interp eq {} ? $commands_of_translator : $commands}]
    if {$interp ne {} || ($is_translator && !$has_inner)} {
        set watched [concat $watched $silent]
    }
    foreach {command kind} $watched {
        if {!$is_safe || [interp eval $interp [list info commands $command]] ne {}} {
            interp eval $interp [list trace add execution $command enter [list ::__observe $kind]]
        }
    }
    interp eval $interp [list trace add variable ::tcl_platform {read array} ::__observe_platform]
    interp eval $interp [list trace add execution ::interp leave ::__observe_created]
    if {$interp eq {}} {
        set env_trace {::observe::variable_asked {}} ;# without the way through an alias
        trace add variable ::env {read write unset array} $env_trace
    } elseif {$with_env} {
        interp eval $interp [list trace add variable ::env {read write unset array} ::__observe_env]
    }
}

# The trace on `interp`: an interpreter that was made is watched before anything runs in it.
proc ::observe::created {parent line code result operation} {
    variable busy
    if {$code == 0 && !$busy && [string match cr* [lindex $line 1]]} {
        set busy 1
        install [concat $parent [list $result]]
        variable has_inner
        if {$has_inner && $parent eq {}} {
            # one interpreter for each start; its forty aliases need no look
            trace remove execution ::interp leave ::__observe_created
            watch_parts
        }
        set busy 0
    }
}

proc ::observe::watch_parts {args} {
    variable parts
    foreach {command kind} $parts {
        if {[info commands $command] ne {} && [trace info execution $command] eq {}} {
            trace add execution $command enter [list ::observe::asked {} $kind]
            if {$kind eq {content}} {
                trace add execution $command leave ::observe::content_read
            } elseif {$kind eq {tool_info}} {
                trace add execution $command {enter leave} ::observe::as_shell
            }
        }
    }
    # the walk through MODULEPATH: of thousands of questions those about folders decide
    if {[info commands ::findModules] ne {} && [trace info execution ::findModules] eq {}} {
        trace add execution ::findModules {enter leave} ::observe::walk
    }
    # these read all variables of an interpreter before a modulefile begins, or put the environment
    # aside in case that one fails
    foreach {command handler} {
        ::dumpInterpState prepare ::resetInterpState prepare ::initInterpCommands renew
        ::pushSettings rest ::restoreSettings rest
        ::popSettings rest ::execute-modulefile evaluate ::execute-modulerc evaluate
    } {
        if {[info commands $command] ne {} && [trace info execution $command] eq {}} {
            trace add execution $command {enter leave} ::observe::$handler
        }
    }
    if {[info commands ::resetInterpState] ne {}} {
        catch {trace remove execution ::interp leave ::__observe_created}
    }
}

proc ::observe::walk {line args} {
    variable walking
    if {[lindex $args end] eq {enter}} {
        incr walking
        if {$walking == 1} {
            note modulepath [lindex $line 1] {} {}
            note tried [lindex $line 2] {} {}
        }
    } else {
        incr walking -1
    }
}

# A file that the walk passes over, as it is no modulefile: what it is can change.
proc ::observe::content_read {line code result operation} {
    variable walking
    variable before
    if {$walking && [string range $result 0 7] ne {#%Module}} {
        set path [lindex $line 1]
        if {[info exists before($path)]} {
            note read $path $before($path) {}
        }
    }
}

# While the program reads or writes all of the environment, or of an interpreter, for its own purposes.
proc ::observe::rest {line args} {
    variable busy
    variable env_trace
    if {[lindex $args end] eq {enter}} {
        set busy 1
        trace remove variable ::env {read write unset array} $env_trace
    } else {
        trace add variable ::env {read write unset array} $env_trace
        set busy 0
    }
}

# A new interpreter of Environment Modules comes here before it evaluates anything.
proc ::observe::prepare {line args} {
    variable busy
    variable installed
    set interp [lindex $line 1]
    if {[lindex $args end] eq {enter}} {
        set busy 1
        if {![info exists installed($interp)]} {
            install $interp 0
        }
    } else {
        hear $interp
        set busy 0
    }
}

# An interpreter whose commands a modulefile changed is made anew under its name.
proc ::observe::renew {line args} {
    set interp [lindex $line 1]
    if {[lindex $args end] eq {enter} && [interp alias $interp ::__observe] eq {}} {
        install $interp 0
    }
}

proc ::observe::hear {interp} {
    variable heard
    if {$heard ne {} && [interp exists $heard]} {
        interp eval $heard [list trace remove variable ::env {read write unset array} ::__observe_env]
    }
    set heard $interp
    if {$heard ne {}} {
        interp eval $heard [list trace add variable ::env {read write unset array} ::__observe_env]
    }
}

proc ::observe::evaluate {line args} {
    variable before
    variable heard
    variable above
    if {[lindex $args end] eq {enter}} {
        set path [lindex $line 1]
        note read $path [expr {[info exists before($path)] ? $before($path) : [stamp $path]}] {}
        lappend above $heard
        hear {}
    } else {
        hear [lindex $above end]
        set above [lrange $above 0 end-1]
    }
}

proc ::observe::end {args} {
    variable busy
    variable installed
    set busy 1
    foreach interp [interp slaves] {
        if {![info exists installed($interp)]} {
            note unknown {an interpreter that was not watched} {} {}
        }
    }
    variable is_translator
    write end [expr {$is_translator ? {translator} : {}}] {} {}
    flush_record
}

# Questions of Tcl itself, before the first line of any program.
foreach ::observe::name {TCLLIBPATH TCL_LIBRARY} {
    ::observe::write variable $::observe::name [expr {[info exists ::env($::observe::name)] ? {set} : {}}] {}
}
if {!$::observe::is_translator} {
    ::observe::write tool [file dirname [file dirname [file normalize $::observe::program]]]/ {} {}
}

set ::argv0 $::observe::program
set ::argv [concat $::observe::flag [lrange $::observe::words 2 end]]
set ::argc [llength $::argv]
::observe::install {}
trace add execution ::exit enter ::observe::end
trace add execution ::load leave ::observe::watch_parts
# What the program would do with an error is done with it, without a trace of ours in it.
set ::observe::code [catch {source $::argv0} ::observe::result ::observe::options]
::observe::end
if {$::observe::code == 1} {
    set ::observe::trace [dict get $::observe::options -errorinfo]
    regsub {\n    invoked from within\n"source \$::argv0"$} $::observe::trace {} ::observe::trace
    return -code error -errorinfo $::observe::trace -errorcode [dict get $::observe::options -errorcode] $::observe::result
}
