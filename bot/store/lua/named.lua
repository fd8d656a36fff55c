-- ARGV: triples of (chat, name, token). For each {the chat's row, whether that name is committed with this token}.
local rows = {}
for i = 1, #ARGV, 3 do
  local taken = call('HGET', B .. ':a:' .. ARGV[i], ARGV[i + 1]) == ARGV[i + 2]
  rows[#rows + 1] = {taken and call('GET', B .. ':c:' .. ARGV[i]), taken and 1 or 0}
end
return rows
