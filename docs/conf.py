"""How Sphinx makes the site: `make docs`."""

project = "autoenv-hpc"
author = "the autoenv-hpc developers"
project_copyright = author

extensions = ["myst_parser"]
exclude_patterns = ["README.md"]
myst_heading_anchors = 3  # links to headings, as a forge's own rendering makes them
nitpicky = True  # with -W, a link that leads nowhere fails the build

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_extra_path = ["reference/hpcenv.schema.json"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
