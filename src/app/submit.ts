/** Readings by HTTP, through the same intake as MQTT: the answer tells what became of each element. */
import { failure } from '../core/errors.ts'
import type { RejectedReading, Submitted } from '../http/deps.ts'
import type { Gate } from '../ingest/gate.ts'
import type { Intake } from '../ingest/intake.ts'

/** `source-topic` of dead letters that came by HTTP. */
const PATH = '/api/v1/readings'

/**
 * @param payload JSON of a reading or an array
 * @returns once all of it is durable
 * @throws failure 'unavailable' while ingest holds as much as it may: slowing a request down helps nobody
 */
export async function submitTo(intake: Intake, gate: Gate, payload: Uint8Array): Promise<Submitted> {
  if (gate.shut()) {
    const [queue] = gate.queues()
    const held = queue ? `${queue.depth} of at most ${queue.limit}` : 'as many as it may'
    throw failure('unavailable', `ingest holds ${held} readings that are not durable yet; send again later`)
  }
  let readings = 0
  const rejected: RejectedReading[] = []
  const run = intake.run({
    source: 'http',
    onReading: () => readings++,
    onLetter: ({ index, reason, detail }) =>
      rejected.push({ ...(index === undefined ? {} : { index }), reason, detail }),
  })
  run.add(PATH, null, payload)
  return new Promise((resolve, reject) => {
    run.end((error) => {
      if (error) reject(error)
      else resolve({ readings, rejected })
    })
  })
}
