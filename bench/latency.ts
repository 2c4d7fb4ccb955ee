/**
 * From publish to alert under load: `npm run bench latency [embedded|kafka|both] [SECONDS]`. First the highest load that
 * it sustains is found (MQTT at QoS 1 to committed scores; publisher, program and, with `kafka`, the broker share the
 * machine), then 50 % and 90 % of it are held for SECONDS (60). A latency runs from the time at which the reading that
 * closed the window was due, and from the window's end, to the alert at an MQTT subscriber. The publisher keeps to a
 * schedule and does not wait for answers, so what is late counts as late (no coordinated omission).
 */
import { alertTimes, closingReadingMs } from './alert-times.ts'
import { type Live, type Load, type LogName, withLive } from './live.ts'
import { figuresOf, quantile } from './process.ts'
import { sleep } from './program.ts'

/** The schedule begins when the publisher is surely there. */
const HEAD_START_MS = 4000
const PROBE_SECONDS = 8
/** A load is sustained when at the end of its schedule no more than this much of it waits. */
const MOST_BEHIND_SECONDS = 1
/** For the compiler: the first readings of a process cost the most. */
const WARM_UP_RATE = 2000
const FIRST_RATE = 4000
const LEAST_RATE = 500
const FASTER = 1.5
/** Steps between what is sustained and what is not; the highest load is known to a 16th of the last step. */
const HALVINGS = 3
const SHARES = [0.5, 0.9]
/** What is still on its way. */
const LAST_ALERTS_MS = 2000

export async function latency([which = 'both', seconds = '60']: readonly string[]): Promise<void> {
  for (const log of which === 'both' ? (['embedded', 'kafka'] as const) : [which as LogName]) {
    const highest = await withLive(log, highestLoad)
    console.log(`${log}: sustains ${highest} readings/s`)
    const rows = []
    for (const share of SHARES) {
      rows.push(
        await withLive(log, (live) => held(live, share, Math.round(highest * share), Number(seconds))),
      )
    }
    console.log('latencies: p50 · p99 · p99.9 · greatest')
    console.table(rows)
  }
}

/**
 * The highest rate that it sustains: raised until it does not, then halved in between. What fails once is tried again: a
 * moment in which others had the machine is no limit of the program.
 */
export async function highestLoad(live: Live): Promise<number> {
  const isSustained = async (rate: number) => (await sustains(live, rate)) || (await sustains(live, rate))
  await sustains(live, WARM_UP_RATE)
  let good = FIRST_RATE
  while (!(await isSustained(good))) {
    good = Math.round(good / 2)
    if (good < LEAST_RATE)
      throw new Error(`not even ${good * 2} readings/s are sustained: the machine is busy`)
  }
  let bad = Math.round(good * FASTER)
  while (await isSustained(bad)) [good, bad] = [bad, Math.round(bad * FASTER)]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = Math.round((good + bad) / 2)
    if (await isSustained(middle)) good = middle
    else bad = middle
  }
  return good
}

async function sustains({ publish, committed }: Live, rate: number): Promise<boolean> {
  const before = await committed()
  const load = scheduled(rate, PROBE_SECONDS)
  const publishing = publish(load)
  await sleep(load.startTs + PROBE_SECONDS * 1000 - Date.now())
  const waiting = load.readings - ((await committed()) - before)
  const { readings } = await publishing
  while ((await committed()) - before < readings) await sleep(50)
  const isSustained = waiting <= rate * MOST_BEHIND_SECONDS
  console.log(
    `  ${rate}/s: ${waiting} readings wait at the end of ${PROBE_SECONDS} s${isSustained ? '' : ', too many'}`,
  )
  return isSustained
}

function scheduled(rate: number, seconds: number): Load {
  return { rate, readings: rate * seconds, startTs: Date.now() + HEAD_START_MS }
}

async function held({ program, mqttUrl, publish }: Live, share: number, rate: number, seconds: number) {
  const alerts = await alertTimes(mqttUrl)
  const before = figuresOf(program.pid)
  const load = scheduled(rate, seconds)
  const { readings } = await publish(load)
  await sleep(LAST_ALERTS_MS)
  const { cpuSeconds } = figuresOf(program.pid)
  const times = await alerts.end()
  const fromPublish = times.map((time) => time.receivedMs - closingReadingMs(time, load))
  const fromEnd = times.map(({ receivedMs, windowEnd }) => receivedMs - windowEnd)
  return {
    load: `${share * 100} %`,
    'readings/s': rate,
    'CPU s per million': Math.round(((cpuSeconds - before.cpuSeconds) / readings) * 1e8) / 100,
    alerts: times.length,
    'publish → alert, ms': quantiles(fromPublish),
    'window end → alert, ms': quantiles(fromEnd),
  }
}

/** p50, p99, p99.9, greatest. */
function quantiles(values: readonly number[]): string {
  return [0.5, 0.99, 0.999, 1].map((share) => quantile(values, share)).join(' · ')
}
