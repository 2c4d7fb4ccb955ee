/** The files that `simulate --replay`, `score` and `train` are given, as one recording in time order. */
import { inTimeOrder } from '../formats/order.ts'
import { readRecording as readFiles, readMap } from '../formats/recording.ts'
import type { RecordedReading } from '../formats/rows.ts'

/**
 * @param map file of the map; none: by the files' names
 * @throws Failure `config` or `input` that names file, place and what would be right
 */
export async function readRecording(files: readonly string[], map?: string): Promise<RecordedReading[]> {
  return inTimeOrder(readFiles(files, map === undefined ? null : await readMap(map)))
}
