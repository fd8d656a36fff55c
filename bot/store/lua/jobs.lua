-- ARGV: state, kind, from, count. That page of them, by due time; running ones by the end of their lease.
local rows, from = {}, tonumber(ARGV[3])
for i, id in ipairs(call('ZRANGE', B .. LISTS[tonumber(ARGV[1])] .. ARGV[2], from, from + tonumber(ARGV[4]) - 1)) do
  rows[i] = row(id, read(id))
end
return rows
