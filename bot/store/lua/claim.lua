-- ARGV: now, limit, lease, whose clock leases end by, mode, ... Answers {when these leases end, rows}, where mode is
--   take: claim what is due of the kinds that follow (of all, where none does), in the order of due times
--   look: say of these what could be claimed: {{due, id}}
--   these: claim the ids that follow, as far as they can be
local now, limit, lease, mode = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local here = lease_clock(ARGV[4], now)
local found = {}
local function over(at) return at <= here or at > here + LONGEST_LEASE end
if mode == 'these' then
  for i = 6, #ARGV do
    local job = read(ARGV[i])
    if job and ((job[STATE] == WAITING and job[DUE] <= now) or (job[STATE] == RUNNING and over(job[LEASE]))) then
      found[#found + 1] = {job[DUE], ARGV[i]}
    end
  end
else
  local kinds = {}
  for i = 6, #ARGV do kinds[#kinds + 1] = ARGV[i] end
  if #kinds == 0 then kinds = call('SMEMBERS', B .. ':k') end
  for _, kind in ipairs(kinds) do
    local waiting = call('ZRANGEBYSCORE', B .. ':w:' .. kind, '-inf', text(now), 'WITHSCORES', 'LIMIT', 0, limit)
    for i = 1, #waiting, 2 do found[#found + 1] = {tonumber(waiting[i + 1]), waiting[i]} end
    for _, span in ipairs({{'-inf', text(here)}, {'(' .. text(here + LONGEST_LEASE), '+inf'}}) do
      for _, id in ipairs(call('ZRANGEBYSCORE', B .. ':r:' .. kind, span[1], span[2], 'LIMIT', 0, limit)) do
        found[#found + 1] = {read(id)[DUE], id}
      end
    end
  end
end
table.sort(found, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
local rows = {}
for i = 1, math.min(limit, #found) do
  local id = found[i][2]
  if mode == 'look' then
    rows[i] = found[i]
  else
    local job = read(id)
    local cut = job[CUT] or job[STATE] == RUNNING
    unlist(id, job)
    job[STATE], job[LEASE], job[TOUCHED], job[CUT] = RUNNING, here + lease, now, false
    keep(id, job)
    job[CUT] = cut
    rows[i] = row(id, job)
  end
end
return {here + lease, rows}
