-- Sixteen requests in one write.
local sixteen

init = function()
    sixteen = string.rep(wrk.format("GET", "/"), 16)
end

request = function()
    return sixteen
end
