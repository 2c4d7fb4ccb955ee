/** What `npm start` promises: within a minute an alert that people get over MQTT, HTTP and on the terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import type { Alert } from '../../src/core/records.ts'
import { type Program, startProgram, untilReady, unusedPort } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const WITHIN_MS = 60_000
const programs: Program[] = []
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL')
})

async function untilPrinted(program: Program, text: string): Promise<void> {
  const deadline = Date.now() + WITHIN_MS
  while (!program.output().includes(text)) {
    if (Date.now() > deadline) throw new Error(`no "${text}" within ${WITHIN_MS} ms:\n${program.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test.skipIf(requires('mosquitto_sub').missing)(
  'the demo raises an alert that everybody gets',
  { timeout: 150_000 },
  async () => {
    const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
    const program = startProgram(['demo', '--mqtt-port', String(mqttPort), '--http-port', String(httpPort)])
    programs.push(program)
    await untilReady(program, httpPort)
    await untilPrinted(program, 'Forewarn is up.')
    const subscriber = spawn(requires('mosquitto_sub').path, [
      ...['-h', '127.0.0.1', '-p', String(mqttPort), '-t', 'alerts/#', '-C', '1', '-W', '60', '-F', '%t %p'],
    ])
    let received = ''
    subscriber.stdout.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    const subscribed = once(subscriber, 'exit')
    await untilPrinted(program, 'RAISED  pump-03 · pump-failure · high')
    expect(await subscribed).toEqual([0, null])
    expect(received).toMatch(/^alerts\/pump-03\/pump-failure \{"alert":"pump-03:pump-failure:/)

    const { items } = (await (await fetch(`http://127.0.0.1:${httpPort}/api/v1/alerts`)).json()) as {
      items: Alert[]
    }
    const alert = items.find(({ asset }) => asset === 'pump-03')
    expect(alert).toMatchObject({ state: 'active', severity: 'high', rule: 'pump-failure' })
    expect(alert!.reasons[0]!.channel).toBe('vibration')
    expect(alert!.reasons[0]!.normal).not.toBeNull()

    const url = `http://127.0.0.1:${httpPort}/api/v1/alerts/${encodeURIComponent(alert!.alert)}/acknowledge`
    const body = JSON.stringify({ by: 'operator', comment: 'on my way' })
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(answer.status).toBe(202)
    await untilPrinted(program, 'ACKNOWLEDGED  pump-03')

    program.child.kill('SIGINT')
    expect(await program.ended, program.output()).toBe(0)
  },
)
