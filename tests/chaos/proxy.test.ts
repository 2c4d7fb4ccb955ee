import { once } from 'node:events'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LossyProxy, startProxy } from '../../src/chaos/proxy.ts'

let server: Server
let proxy: LossyProxy
const heard: string[] = []
const clients: Socket[] = []

beforeEach(async () => {
  heard.length = 0
  server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      heard.push(bytes.toString())
      socket.write(`answer to ${bytes}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startProxy((server.address() as AddressInfo).port)
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
  server.close()
})

async function client(): Promise<Socket> {
  const socket = net.connect(proxy.port, '127.0.0.1')
  clients.push(socket)
  await once(socket, 'connect')
  return socket
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString()
}

test('requests and answers go through', async () => {
  const socket = await client()
  expect(await ask(socket, 'one')).toBe('answer to one')
  expect(await ask(socket, 'two')).toBe('answer to two')
})

test('a lost answer: the server has heard the request, the client gets the end of the connection', async () => {
  const [socket, other] = [await client(), await client()]
  const lost = proxy.loseAnswer(5000, (bytes) => (bytes.includes('commit') ? () => true : null))
  expect(await ask(socket, 'begin')).toBe('answer to begin')
  const closed = once(socket, 'close')
  socket.write('commit')
  expect(await lost).toBe(true)
  await closed
  expect(heard).toEqual(['begin', 'commit'])
  // Only that one, only once.
  expect(await ask(other, 'commit')).toBe('answer to commit')
})

test('nothing is lost when nothing is chosen in time', async () => {
  expect(await proxy.loseAnswer(20)).toBe(false)
  expect(await ask(await client(), 'one')).toBe('answer to one')
})

test('a server that is away is an end of the connection, and it may come back', async () => {
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const socket = await client()
  await once(socket, 'close')
  server = net.createServer((one) => one.end('back')).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const [bytes] = (await once(await client(), 'data')) as [Buffer]
  expect(bytes.toString()).toBe('back')
})

test('while it is shut nobody gets through, and afterwards everybody', async () => {
  const socket = await client()
  expect(await ask(socket, 'one')).toBe('answer to one')
  const closed = once(socket, 'close')
  await proxy.shut(async () => {
    await closed
    await once(await client(), 'close')
  })
  expect(await ask(await client(), 'two')).toBe('answer to two')
  expect(heard).toEqual(['one', 'two'])
})
