/** Is this process able to do its work, and if not, why: what `/health/ready` says. */
import type { Failure } from '../core/errors.ts'
import type { Readiness } from '../http/deps.ts'
import type { LoadedPipelines } from './pipelines.ts'

export interface ReadinessParts {
  readonly pipelines: LoadedPipelines
  /** What keeps records from becoming durable; null when nothing does. */
  blocked(): Failure | null
  /** Partitions restored and processed here, of all; null when this role has no engine. `idle`: others own them all. */
  engine(): { readonly owned: number; readonly partitions: number; readonly idle: boolean } | null
  /** Connected to an outside MQTT broker; null when there is none. */
  brokerConnected(): boolean | null
}

export function readinessOf(parts: ReadinessParts): Readiness {
  const reasons: string[] = []
  const blocked = parts.blocked()
  if (blocked) reasons.push(`the log takes nothing: ${blocked.message}`)
  const engine = parts.engine()
  if (engine && engine.owned === 0 && !engine.idle)
    reasons.push('the engine has no partition yet: it is restoring its state')
  if (parts.brokerConnected() === false) reasons.push('not connected to the MQTT broker')
  const { backend, models } = parts.pipelines
  return {
    ready: reasons.length === 0,
    reasons,
    details: {
      ...(engine ? { partitions: engine } : {}),
      ...(backend ? { backend: backendDetails(backend) } : {}),
      models,
    },
  }
}

/** The user named the native backend: running on another one is said loudly, everywhere. */
function backendDetails({ name, version, reason }: NonNullable<LoadedPipelines['backend']>) {
  return {
    name,
    version,
    ...(reason === null ? {} : { warning: `not the native TensorFlow backend: ${reason}` }),
  }
}
