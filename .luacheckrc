-- Units are text chunks that return a table; they set no globals and get the plain Lua 5.4 ones.
std = "lua54"
max_line_length = 100
-- Callbacks have the signature the loader calls, whether or not a unit needs every argument.
unused_args = false
