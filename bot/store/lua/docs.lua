-- ARGV: kind, after, limit. {{id, "version\n" .. body}} by id.
local after = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local rows = {}
for i, id in ipairs(call('ZRANGEBYLEX', B .. ':i:' .. ARGV[1], after, '+', 'LIMIT', 0, ARGV[3])) do
  rows[i] = {id, call('GET', B .. ':x:' .. ARGV[1] .. '\n' .. id)}
end
return rows
