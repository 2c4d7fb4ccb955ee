/**
 * The load of `bench/poison.ts`, in a process of its own: `node poison-load.js URL ASSETS READINGS POISON START_TS`. As many
 * good readings, spread evenly among them so many payloads that are none; all at QoS 1, as fast as acknowledged.
 */
import mqtt from 'mqtt'
import { loadReadings } from './load-readings.ts'
import { STEP_MS } from './plant.ts'
import { poisonPayload } from './poison-payloads.ts'
import { quantile } from './process.ts'

const CONNECTIONS = 8
/** Messages sent and not yet acknowledged, by all connections. */
const WINDOW = 4000
/** One wait in so many is kept. */
const SAMPLE_EVERY = 50

const [url = '', ...figures] = process.argv.slice(2)
const [assets = 0, readings = 0, poison = 0, startTs = 0] = figures.map(Number)

const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => mqtt.connectAsync(url)))
const waitsMs: number[] = []
let inFlight = 0
let failed: Error | null = null
let wake: (() => void) | null = null

function send(i: number, asset: string, payload: string | Buffer): void {
  const isSampled = i % SAMPLE_EVERY === 0
  const sentMs = isSampled ? performance.now() : 0
  inFlight++
  clients[i % CONNECTIONS]!.publish(`sensors/${asset}`, payload, { qos: 1 }, (error) => {
    failed ??= error ?? null
    inFlight--
    if (isSampled) waitsMs.push(performance.now() - sentMs)
    wake?.()
  })
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  wake = null
}

let poisoned = 0
let sent = 0
for (const reading of loadReadings(assets, readings, STEP_MS, startTs)) {
  send(sent % assets, reading.asset, JSON.stringify(reading))
  sent++
  while (poisoned < Math.floor((sent * poison) / readings)) {
    const asset = `pump-${String(1 + (poisoned % assets)).padStart(4, '0')}`
    send(poisoned % assets, asset, poisonPayload(poisoned))
    poisoned++
  }
  if (inFlight >= WINDOW) await until(() => inFlight < WINDOW / 2)
}
await until(() => inFlight === 0)
for (const client of clients) await client.endAsync()
if (failed) throw failed
console.log(
  JSON.stringify({
    readings: sent,
    poisoned,
    p99Ms: quantile(waitsMs, 0.99),
    greatestMs: Math.max(...waitsMs),
  }),
)
