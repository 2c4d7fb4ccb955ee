/**
 * What it costs to say why: CPU ms per window for its score, and for the contributions behind it, in batches of several
 * sizes. The windows are off in one channel, as a shipped model would meet them before a failure.
 * `npm run bench explain [MODEL]`.
 */
import { fileURLToPath } from 'node:url'
import { createRandom } from '../simulators/random.ts'
import { loadBackend } from '../src/model/backend.ts'
import { type ServedModel, serveModel } from '../src/model/serving.ts'
import { quantile } from './process.ts'

const MODELS = fileURLToPath(new URL('../../models', import.meta.url))
const BATCHES = [1, 8, 64, 512]
const RUNS = 5
/** Most spreads by which the channel that fails is off, and those of the others. */
const FAILING = 5
const HEALTHY = 0.7

export async function explain([name = 'pump-health']: readonly string[]): Promise<void> {
  const backend = await loadBackend()
  const model = await serveModel(backend, MODELS, name)
  const { scorer, features } = model
  const rows = []
  const suspects = suspectsOf(model)
  for (const batch of BATCHES) {
    const vectors = suspects.subarray(0, batch * features.length)
    rows.push({
      windows: batch,
      'score, CPU ms each': each(batch, () => scorer.score(vectors, batch)),
      'explain, CPU ms each': each(batch, () => scorer.explain?.(vectors, batch)),
    })
  }
  console.log(
    `${model.name}@${model.version}, ${features.length} features, ${backend.name} ${backend.version}`,
  )
  console.table(rows)
  scorer.dispose()
}

/** Windows off in one channel that score as those do which raise an alert. */
function suspectsOf({ manifest, features, scorer }: ServedModel): Float64Array {
  const { steps, channels, thresholds } = manifest
  const scale = steps.find((step) => step.step === 'scale')
  if (scale === undefined) throw new Error(`${manifest.name} has no step 'scale' to make windows by`)
  const random = createRandom(1, 'bench')
  const found: number[] = []
  while (found.length < Math.max(...BATCHES) * features.length) {
    const failing = `${channels[random.below(channels.length)]!.name}.`
    const spreads = random.between(0, FAILING)
    const window = features.map((feature, i) => {
      const off = (feature.startsWith(failing) ? spreads : 0) + HEALTHY * random.normal()
      return scale.mean[i]! + scale.std[i]! * off
    })
    if (scorer.score(Float64Array.from(window), 1)[0]! >= thresholds.clearBelow) found.push(...window)
  }
  return Float64Array.from(found)
}

/** CPU time of this process, its median over runs: on a busy machine the clock on the wall tells of the others. */
function each(windows: number, work: () => unknown): number {
  work()
  const times = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.round((quantile(times, 0.5) / windows) * 1e4) / 1e4
}
