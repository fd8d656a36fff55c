-- ARGV: kind, from, count. {waiting and running, dead, the oldest of this page (0: none), whether the page was full}
local kind, from, last = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[2]) + tonumber(ARGV[3]) - 1
local w, r, d = B .. ':w:' .. kind, B .. ':r:' .. kind, B .. ':d:' .. kind
local oldest, more = 0, 0
for _, list in ipairs({w, r}) do
  local ids = call('ZRANGE', list, from, last)
  if #ids > last - from then more = 1 end
  for _, id in ipairs(ids) do
    local made = read(id)[CREATED]
    if oldest == 0 or made < oldest then oldest = made end
  end
end
return {call('ZCARD', w) + call('ZCARD', r), call('ZCARD', d), oldest, more}
