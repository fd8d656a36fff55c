-- ARGV: group, name, value, ttl. The group ends with the last of its marks.
local key, now, ttl = B .. ':m:' .. ARGV[1], server_time(), tonumber(ARGV[4])
call('HSET', key, ARGV[2], text(now + ttl) .. '\n' .. ARGV[3])
if call('PTTL', key) < ttl then call('PEXPIRE', key, ttl) end
