-- Sends the ready-made requests of a file, each of them once; prints what came of it as JSON.
-- The file holds, again and again: a length, a line feed, so many bytes of request.

local file

function init(arguments)
  file = io.open(arguments[1], "rb")
end

function request()
  local length = file:read("*n")
  if not length then
    error("the requests are used up")
  end
  file:read(1)
  return file:read(length)
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format(
    'figures {"answers": %d, "seconds": %f, "p50": %f, "p99": %f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6,
    latency:percentile(99) / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
