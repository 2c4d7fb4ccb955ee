/** When alerts came, as an MQTT subscriber sees them, and when the readings were due that caused them. */
import mqtt from 'mqtt'
import { ASSETS, type Load } from './live.ts'
import { LATENESS_MS } from './plant.ts'

export interface AlertTime {
  readonly asset: string
  /** Epoch ms. */
  readonly windowEnd: number
  readonly receivedMs: number
}

/** Listens from now on; alerts that were open before are not counted. */
export async function alertTimes(mqttUrl: string): Promise<{ end(): Promise<readonly AlertTime[]> }> {
  const times: AlertTime[] = []
  const client = await mqtt.connectAsync(mqttUrl)
  client.on('message', (_topic, payload, { retain }) => {
    const receivedMs = Date.now()
    if (payload.length === 0 || retain) return
    const { asset, windowEnd } = JSON.parse(payload.toString()) as { asset: string; windowEnd: number }
    times.push({ asset, windowEnd, receivedMs })
  })
  await client.subscribeAsync('alerts/#', { qos: 1 })
  return {
    async end() {
      await client.endAsync()
      return times
    },
  }
}

/**
 * When the reading was due that closed a window: the asset's first one at or beyond the window's end and the lateness.
 * Readings come at their event times by schedule (`load-readings.ts`), so a publisher or a program that falls behind
 * makes the latency longer instead of hiding it.
 */
export function closingReadingMs({ asset, windowEnd }: AlertTime, { startTs, rate }: Load): number {
  const index = Number(asset.slice(asset.lastIndexOf('-') + 1)) - 1
  const stepMs = (ASSETS * 1000) / rate
  const offset = (index * stepMs) / ASSETS
  const timeOf = (round: number) => startTs + Math.round(round * stepMs + offset)
  const wanted = windowEnd + LATENESS_MS
  let round = Math.max(0, Math.floor((wanted - startTs - offset) / stepMs) - 1)
  while (timeOf(round) < wanted) round++
  return timeOf(round)
}
