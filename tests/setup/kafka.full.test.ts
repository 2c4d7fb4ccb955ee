/** bin/kafka: real brokers by one command, and words where something is missing. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeDir, readCluster } from '../../bin/setup/kafka/cluster.mjs'
import { isNode } from '../../bin/setup/kafka/node.mjs'
import { propertiesOf } from '../../bin/setup/kafka/properties.mjs'
import { withAdmin } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'

const KAFKA = fileURLToPath(new URL('../../bin/kafka', import.meta.url))

let scratch = ''
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'forewarn-bin-kafka-'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [KAFKA, ...args], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

test.each([
  [['begin'], /no such command/],
  [[], /no such command/],
  [['start', '--brokers', '3'], /--brokers/],
  [['start', '--port', 'x'], /--port x is wrong/],
  [['start', '--nodes', '2'], /there can be 1 or 3/],
  [['start', '--set', 'a'], /write NAME=VALUE/],
  [['start', '--version', 'four'], /four is no version/],
])('%j is wrong usage', (args, message) => {
  const { status, stderr } = run(
    [...args, '--dir', join(scratch, 'none')].slice(0, args.length === 0 ? 0 : undefined),
  )
  expect(stderr).toMatch(message)
  expect(status).toBe(2)
})

test('--help tells how to use it', () => {
  expect(run(['--help'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('kafka start [--nodes 1|3]'),
  })
})

test('where there is no cluster, status says so and stop has nothing to do', () => {
  const dir = join(scratch, 'none')
  expect(run(['status', '--dir', dir])).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('no cluster'),
  })
  expect(run(['stop', '--dir', dir])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('no broker'),
  })
})

test('what is missing is named, with the package that brings it', () => {
  const dir = join(scratch, 'poor')
  const empty = { ...process.env, PATH: scratch, FOREWARN_CACHE: join(scratch, 'cache') }
  expect(run(['start', '--port', '0', '--dir', dir], empty)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/Maven.*apt-get install maven/s),
  })
  const jars = join(scratch, 'cache', 'kafka', '4.1.0')
  mkdirSync(jars, { recursive: true })
  writeFileSync(join(jars, 'kafka_2.13-4.1.0.jar'), '')
  expect(run(['start', '--port', '0', '--dir', dir], empty)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/Java.*apt-get install default-jre-headless/s),
  })
})

test('three brokers know each other and keep three copies', () => {
  const nodes = [1, 2, 3].map((id) => ({ id, port: 9000 + id, controllerPort: 9100 + id }))
  const text = propertiesOf(nodes[1]!, nodes, '/data', [], { 'log.retention.hours': '1' })
  expect(text).toContain('controller.quorum.voters=1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103\n')
  expect(text).toContain('node.id=2\n')
  expect(text).toContain('offsets.topic.replication.factor=3\n')
  expect(text).toContain('transaction.state.log.min.isr=2\n')
  expect(text).toContain('log.retention.hours=1\n')
})

describe.skipIf(requires('kafka').missing)('a broker', () => {
  test('is started, serves, is found again with its data, and is stopped', async () => {
    const dir = join(scratch, 'one')
    const started = run(['start', '--port', '0', '--dir', dir])
    expect(started).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('forewarn up --kafka 127.0.0.1:'),
    })
    const brokers = /--kafka (\S+)/.exec(started.stdout)![1]!
    await withAdmin(brokers, (admin) => admin.createTopics({ topics: [{ topic: 'kept' }] }))
    const pid = readCluster(dir)!.nodes[0]!.pid
    expect(run(['status', '--dir', dir])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`broker 1: process ${pid}, ${brokers}`),
    })
    expect(run(['start', '--dir', dir]).stdout).toContain(brokers)
    expect(readCluster(dir)!.nodes[0]!.pid).toBe(pid)
    expect(run(['stop', '--dir', dir])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 stopped'),
    })
    expect(isNode(pid, nodeDir(dir, 1))).toBe(false)
    expect(run(['status', '--dir', dir])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('broker 1: not running'),
    })
    expect(run(['start', '--dir', dir]).stdout).toContain(brokers)
    expect(await withAdmin(brokers, (admin) => admin.listTopics())).toContain('kept')
    expect(run(['stop', '--dir', dir]).status).toBe(0)
  })
})
