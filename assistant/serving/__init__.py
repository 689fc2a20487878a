"""The assistant as a server for programs: chat completions as OpenAI's clients speak them, and plain routes. Loopback by default.

settings     what an operator decides
guards       who may ask, how large and how slow a request may be
seats        how many requests are inside at once, and the threads that work
pictures     bytes and data URLs that strangers send -> pictures, tables of options -> an inquiry
talks        open conversations, kept by name or by what was said in them
service      pictures in, inspections and answers out
messages     chat completions -> pictures and questions; answers -> completions and pieces of them
chat_routes  /v1
plain_routes /inspect, /ask, /transcribe, /profiles, /health, /metrics
counters     what is counted, in Prometheus' form
mcp_tools    the same as tools of the Model Context Protocol, on files of this machine
app          all of it as one application, and the process that serves it
"""
