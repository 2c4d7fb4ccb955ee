/** The demo's alerts as lines for people: what moved, and by how much. */
import type { EventLog, Follower } from '../core/ports.ts'
import type { AlertEvent, Reason } from '../core/records.ts'

const decoder = new TextDecoder()

/** Prints each transition of an alert as it is committed. */
export function printAlerts(log: EventLog, topic: string): Follower {
  return log.follow({
    topic,
    group: null,
    from: 'end',
    open: () => ({
      restore: async (_state, committed) => committed,
      async process({ records, nextOffset }) {
        for (const { value } of records) {
          if (value) console.log(alertLine(JSON.parse(decoder.decode(value)) as AlertEvent))
        }
        return { emit: [], state: [], keepFrom: nextOffset }
      },
      async close() {},
    }),
  })
}

/** `18:02:31  RAISED  pump-03 · pump-failure · high · risk 0.93 — vibration mean 4.1 (normal 1.2, 71 %)` */
export function alertLine({ type, time, data }: AlertEvent): string {
  const transition = type.slice(type.lastIndexOf('.') + 1).toUpperCase()
  const reasons = data.reasons.slice(0, 3).map(reasonText).join(', ')
  const head = [data.asset, data.rule, data.severity, `risk ${data.score.toFixed(2)}`].join(' · ')
  return `${time.slice(11, 19)}  ${transition}  ${head}${reasons === '' ? '' : ` — ${reasons}`}`
}

function reasonText({ channel, feature, value, normal, share }: Reason): string {
  const known = normal === null ? '' : ` (normal ${short(normal)}, ${Math.round(share * 100)} %)`
  return `${channel} ${feature} ${short(value)}${known}`
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}
