/** The health check of the image, as Docker runs it: a program of its own, whose status is the answer. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ROOT } from './compose-file.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** A server whose `/health/live` answers 200 and whose other paths answer 503. */
async function serve(): Promise<number> {
  server = createServer((request, response) => {
    response.writeHead(request.url === '/health/live' ? 200 : 503).end(`asked for ${request.url}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function check(args: readonly string[], port: number): Promise<{ status: number; output: string }> {
  const env = { ...process.env, FOREWARN_HTTP_PORT: String(port) }
  return new Promise((resolve) => {
    const program = execFile(
      process.execPath,
      [join(ROOT, 'deploy/healthcheck.mjs'), ...args],
      { env },
      (_error, stdout, stderr) => resolve({ status: program.exitCode ?? -1, output: stdout + stderr }),
    )
  })
}

test('status 0 when it lives, 1 when it is not ready', async () => {
  const port = await serve()
  expect(await check([], port)).toEqual({ status: 0, output: 'asked for /health/live\n' })
  expect(await check(['live'], port)).toEqual({ status: 0, output: 'asked for /health/live\n' })
  expect(await check(['ready'], port)).toEqual({ status: 1, output: 'asked for /health/ready\n' })
})

test('status 1, and why, when nothing listens', async () => {
  const port = await serve()
  server?.close()
  await once(server!, 'close')
  expect(await check(['live'], port)).toMatchObject({
    status: 1,
    output: expect.stringContaining(`http://127.0.0.1:${port}/health/live: `),
  })
})
