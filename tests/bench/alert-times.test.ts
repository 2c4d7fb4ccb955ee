/** The latency benchmark reckons from the reading that was due; here it is found in the readings themselves. */
import { expect, test } from 'vitest'
import { closingReadingMs } from '../../bench/alert-times.ts'
import { ASSETS } from '../../bench/live.ts'
import { loadReadings } from '../../bench/load-readings.ts'
import { LATENESS_MS, WINDOW_MS } from '../../bench/plant.ts'

test.each([1000, 3700])('the reading that closes a window at %i readings/s', (rate) => {
  const load = { startTs: 1_700_000_001_234, rate, readings: rate * 12 }
  const readings = [...loadReadings(ASSETS, load.readings, (ASSETS * 1000) / rate, load.startTs)]
  for (const asset of ['pump-0001', 'pump-0500', 'pump-1000']) {
    const times = readings.filter((reading) => reading.asset === asset).map(({ ts }) => ts)
    const windowEnd = Math.ceil(load.startTs / WINDOW_MS) * WINDOW_MS
    const expected = times.find((ts) => ts >= windowEnd + LATENESS_MS)
    expect(expected).toBeDefined()
    expect(closingReadingMs({ asset, windowEnd, receivedMs: 0 }, load)).toBe(expected)
  }
})
