/** The files that `simulate --replay` and `score` are given, as one recording in time order. */
import { inTimeOrder } from '../formats/order.ts'
import { readRecording as readFiles, readMap } from '../formats/recording.ts'
import type { RecordedReading } from '../formats/rows.ts'

/**
 * @param map file of the map; none: by the files' names
 * @param late files of readings that came too late, as `tail dead-letters` prints them: they go where they belong
 * @throws Failure `config` or `input` that names file, place and what would be right
 */
export async function readRecording(
  files: readonly string[],
  map?: string,
  late: readonly string[] = [],
): Promise<RecordedReading[]> {
  let passedOver = 0
  const count = () => passedOver++
  const readings = readFiles(files, map === undefined ? null : await readMap(map), count)
  const ordered = await inTimeOrder(unlabelled(readings), readFiles(late, null, count))
  if (passedOver > 0) {
    process.stderr.write(
      `forewarn: ${passedOver} records carry no reading (ticks, commands, dead letters other than late and future)\n`,
    )
  }
  return ordered
}

/** What failed is not known when a reading is sent: a table's labels are for training alone. */
async function* unlabelled(readings: AsyncIterable<RecordedReading>): AsyncGenerator<RecordedReading> {
  for await (const reading of readings) {
    if (reading.label === undefined) yield reading
    else yield { asset: reading.asset, ts: reading.ts, values: reading.values }
  }
}
