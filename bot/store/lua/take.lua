-- For a move: rows into a shard that does not have them. ARGV: what, and then for
--   chats: {id, row, number of turns, turns ...} ...      documents: {kind, id, version, body} ...
--   names: {chat, name, token} ...                        events: now, {event, when it was committed} ...
--   jobs: a packed list of {id, the fields of a job ...}
local what, at = ARGV[1], 2
if what == 'jobs' then
  local last = tonumber(call('GET', B .. ':g') or 0)
  for _, given in ipairs(unpack_(ARGV[2])) do
    local job = {}
    for field = KIND, CUT do job[field] = given[field + 1] end
    call('SADD', B .. ':k', job[KIND])
    keep(given[1], job)
    last = math.max(last, job[GEN])
  end
  call('SET', B .. ':g', text(last))
  return DONE
end
local now
if what == 'events' then now, at = tonumber(ARGV[2]), 3 end
while at <= #ARGV do
  if what == 'chats' then
    call('SET', B .. ':c:' .. ARGV[at], ARGV[at + 1])
    local turns = tonumber(ARGV[at + 2])
    for i = 1, turns do call('RPUSH', B .. ':l:' .. ARGV[at], ARGV[at + 2 + i]) end
    at = at + 3 + turns
  elseif what == 'documents' then
    keep_doc(ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3])
    at = at + 4
  elseif what == 'names' then
    call('HSET', B .. ':a:' .. ARGV[at], ARGV[at + 1], ARGV[at + 2])
    at = at + 3
  else  -- as long again as they count, so that they can be read back behind a move that takes long
    local age = now - tonumber(ARGV[at + 1])
    call('SET', B .. ':e:' .. ARGV[at], ARGV[at + 1], 'PX', text(math.max(2 * EVENT_KEPT - age, 1)))
    at = at + 2
  end
end
return DONE
