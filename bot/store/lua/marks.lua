-- ARGV: group. {{name, value}} of those that live; the others are taken out.
local key, now, rows = B .. ':m:' .. ARGV[1], server_time(), {}
local all = call('HGETALL', key)
for i = 1, #all, 2 do
  local till, value = string.match(all[i + 1], '^(%d+)\n(.*)$')
  if tonumber(till) > now then
    rows[#rows + 1] = {all[i], value}
  else
    call('HDEL', key, all[i])
  end
end
return rows
