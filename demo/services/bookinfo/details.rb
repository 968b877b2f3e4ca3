# The details of books. Argument: own port on loopback.
require 'json'
require 'webrick'

server = WEBrick::HTTPServer.new(
  BindAddress: '127.0.0.1',
  Port: Integer(ARGV[0]),
  AccessLog: [],
  Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN),
)

server.mount_proc '/details' do |request, response|
  id = Integer(request.path.split('/').last, 10)
  response['Content-Type'] = 'application/json'
  response.body = JSON.generate(
    id: id,
    author: 'William Shakespeare',
    year: 1595,
    type: 'paperback',
    pages: 200,
    publisher: 'PublisherA',
  )
rescue ArgumentError, TypeError
  response.status = 400
  response.body = JSON.generate(error: 'please name a book by its number')
end

%w[INT TERM].each { |signal| trap(signal) { server.shutdown } }
server.start
