import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildProgram } from '../../src/commands/program.ts'
import { VERSION } from '../../src/commands/version.ts'
import { runProgram, startProgram, untilReady, unusedPort } from '../support/program.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forewarn-program-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('help', () => {
  const program = buildProgram()
  const commands = program.commands.flatMap((command) => [command, ...command.commands])

  test('every command of the contract is there', () => {
    const names = program.commands.map((command) => command.name())
    for (const name of ['up', 'demo', 'simulate', 'tail', 'score', 'train', 'config', 'doctor']) {
      expect(names).toContain(name)
    }
  })

  test.each(commands.map((command) => [command.name(), command] as const))(
    '%s says what it does and takes',
    (_, command) => {
      expect(command.description()).not.toBe('')
      for (const option of command.options) expect(option.description, option.flags).not.toBe('')
    },
  )
})

describe('exit status', () => {
  test.each([
    ['0: done', ['--version'], 0, VERSION],
    ['0: help', ['up', '--help'], 0, '--until-caught-up'],
    ['2: no such command', ['upp'], 2, 'Did you mean up?'],
    ['2: no such option', ['up', '--colour'], 2, "unknown option '--colour'"],
    ['2: wrong value', ['simulate', '--speed', 'fast'], 2, 'expected a number'],
    ['2: wrong config', ['config', 'check', '--config', '/no/such.yaml'], 2, "can't read the config file"],
    ['2: no such topic', ['tail', 'scors'], 2, 'did you mean scores?'],
    ['1: nothing to read', ['tail', 'scores', '--data', '/no/such/folder'], 1, 'no log'],
    [
      '1: nobody there',
      ['simulate', '--mqtt', 'mqtt://127.0.0.1:1', '--duration', '1s'],
      1,
      "can't reach the MQTT broker",
    ],
  ] as const)('%s', { timeout: 30_000 }, async (_, args, status, text) => {
    const run = await runProgram(args)
    expect(run.output).toContain(text)
    expect(run.status).toBe(status)
  })

  test('1: a second up on the same data folder names the owner', { timeout: 60_000 }, async () => {
    const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
    const env = {
      FOREWARN_LOG_DIR: join(dir, 'data'),
      FOREWARN_MQTT_PORT: String(mqttPort),
      FOREWARN_HTTP_PORT: String(httpPort),
    }
    const first = startProgram(['up'], env)
    await untilReady(first, httpPort)
    const second = await runProgram(['up'], { ...env, FOREWARN_HTTP_PORT: '0', FOREWARN_MQTT_PORT: '0' })
    expect(second.output).toContain(String(first.pid))
    expect(second.status).toBe(1)
    first.child.kill('SIGTERM')
    expect(await first.ended, first.output()).toBe(0)
  })

  test('2: beyond loopback nothing starts without its token and users', { timeout: 30_000 }, async () => {
    const run = await runProgram(['up', '--http', '0.0.0.0:0', '--data', join(dir, 'open')], {
      FOREWARN_MQTT_HOST: '0.0.0.0',
    })
    expect(run.output).toContain('set http.token')
    expect(run.output).toContain('set mqtt.users')
    expect(run.status).toBe(2)
  })
})
