-- For a move. ARGV: chats, ids ... -> {{row, turns}}, or jobs, cursor, count -> {next cursor, rows as in `row`}
local rows = {}
if ARGV[1] == 'chats' then
  for i = 2, #ARGV do
    rows[#rows + 1] = {call('GET', B .. ':c:' .. ARGV[i]), call('LRANGE', B .. ':l:' .. ARGV[i], 0, -1)}
  end
  return rows
end
local found = call('HSCAN', B .. ':j', ARGV[2], 'COUNT', ARGV[3])
for i = 1, #found[2], 2 do rows[#rows + 1] = row(found[2][i], unpack_(found[2][i + 1])) end
return {found[1], rows}
