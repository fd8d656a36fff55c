-- ARGV: state or -1, kind or '', limit. The first by due time.
local only, limit = tonumber(ARGV[1]), tonumber(ARGV[3])
local kinds = ARGV[2] ~= '' and {ARGV[2]} or call('SMEMBERS', B .. ':k')
local found = {}
for _, kind in ipairs(kinds) do
  for state = WAITING, DEAD do
    if only < 0 or only == state then
      -- running ones stand in the order of their leases; there are few of them
      local ids = call('ZRANGE', B .. LISTS[state] .. kind, 0, state == RUNNING and -1 or limit - 1)
      for _, id in ipairs(ids) do found[#found + 1] = {id, read(id)} end
    end
  end
end
table.sort(found, function(a, b)
  return a[2][DUE] < b[2][DUE] or (a[2][DUE] == b[2][DUE] and a[1] < b[1])
end)
local rows = {}
for i = 1, math.min(limit, #found) do rows[i] = row(found[i][1], found[i][2]) end
return rows
