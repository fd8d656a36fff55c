-- One job by hand. ARGV: id, what (view, retry, drop), now. Its row, or 1 for done; nothing where there is none such.
local id, what = ARGV[1], ARGV[2]
local job = read(id)
if not job then return nil end
if what == 'view' then return row(id, job) end
if what == 'drop' then
  drop(id, job)
  return 1
end
if job[STATE] == RUNNING then return nil end
unlist(id, job)
job[STATE], job[DUE], job[ATTEMPT] = WAITING, tonumber(ARGV[3]), 0
keep(id, job)
return 1
