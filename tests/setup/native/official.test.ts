/** The official storage is asked before its install script is, and the answer is understood. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ask, proxyOf, storageOf } from '../../../bin/setup/native/official.mjs'

let server: Server | undefined

afterEach(() => {
  server?.close()
  server = undefined
})

async function listen(made: Server): Promise<string> {
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}/`
}

test('any answer of the storage opens the way', async () => {
  const storage = await listen(createServer((_, response) => response.writeHead(404).end()))
  await expect(ask({ TFJS_NODE_CDN_STORAGE: storage })).resolves.toBeUndefined()
})

test('a closed port is named, with what to do', async () => {
  const storage = await listen(createServer())
  await new Promise((resolve) => server?.close(resolve))
  const asked = ask({ TFJS_NODE_CDN_STORAGE: storage })
  await expect(asked).rejects.toMatchObject({
    name: 'Trouble',
    message: expect.stringContaining(`${new URL(storage).host} does not answer`),
    todo: expect.stringContaining('TFJS_NODE_CDN_STORAGE'),
  })
})

test('a proxy is asked for a way through, with its password', async () => {
  const seen: (string | undefined)[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    seen.push(request.url, request.headers['proxy-authorization'])
    socket.end('HTTP/1.1 200 OK\r\n\r\n')
  })
  const url = new URL(await listen(proxy))
  url.username = 'me'
  url.password = 'p@ss'
  await ask({ HTTPS_PROXY: url.href })
  expect(seen).toEqual(['storage.googleapis.com:443', `Basic ${btoa('me:p@ss')}`])
})

test('a proxy that refuses is named without its password', async () => {
  const proxy = createServer()
  proxy.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  const url = new URL(await listen(proxy))
  url.username = 'me'
  url.password = 'secret'
  const asked = ask({ HTTPS_PROXY: url.href })
  await expect(asked).rejects.toThrow(`through the proxy ${url.host} (status 403)`)
  await expect(ask({ HTTPS_PROXY: url.href })).rejects.not.toThrow('secret')
})

test('storage and proxy are those of the install script', () => {
  expect(storageOf({})).toBe('https://storage.googleapis.com/')
  expect(storageOf({ CDN_STORAGE: 'http://b/', TFJS_NODE_CDN_STORAGE: 'http://a/' })).toBe('http://a/')
  expect(proxyOf({})).toBeNull()
  expect(proxyOf({ http_proxy: 'http://b', HTTPS_PROXY: 'http://a' })).toBe('http://a')
})
