/** One machine of the fleet with its duty, its place and its sensors: readings one after another. */
import { createAmbient } from './ambient.ts'
import { createDutyCycle } from './duty.ts'
import { type Fault, severityAt } from './fault.ts'
import type { MachineClass } from './machine.ts'
import { createRandom } from './random.ts'
import { createSensor, type DropoutChance } from './sensor.ts'

/** Measured values by channel; null = the sensor says nothing. */
export type Values = Record<string, number | null>

export interface SimulatedAsset {
  /** @returns the values at `ts`, `seconds` after the last call; null when the message got lost */
  read(ts: number, seconds: number): Values | null
}

export interface AssetOptions {
  readonly seed: number
  readonly dropout: DropoutChance
  /** Share of readings that get lost on their way. */
  readonly lossShare: number
}

/** @param faults in time order, see `faultsOf` */
export function createAsset(
  name: string,
  machineClass: MachineClass,
  faults: readonly Fault[],
  { seed, dropout, lossShare }: AssetOptions,
): SimulatedAsset {
  const duty = createDutyCycle(createRandom(seed, name, 'duty'), machineClass.duty)
  const ambient = createAmbient(createRandom(seed, name, 'ambient'))
  const machine = machineClass.create(createRandom(seed, name, 'machine'))
  const losses = createRandom(seed, name, 'losses')
  const sensors = machineClass.channels.map((channel) =>
    createSensor(createRandom(seed, name, 'sensor', channel.name), channel, dropout),
  )
  const truth = new Float64Array(sensors.length)
  let next = 0
  return {
    read(ts, seconds) {
      while (next < faults.length && ts >= faults[next]!.repairedMs) next++
      const fault = faults[next]
      const severity = fault ? severityAt(fault, ts) : 0
      const active = fault && ts >= fault.fromMs ? fault.kind : null
      const setpoint = duty.advance(seconds, active !== null)
      machine.step({ seconds, duty: setpoint, ambient: ambient(ts, seconds), fault: active, severity }, truth)
      const values: Values = {}
      for (let i = 0; i < sensors.length; i++) {
        values[machineClass.channels[i]!.name] = sensors[i]!.measure(truth[i]!, seconds)
      }
      return losses.uniform() < lossShare ? null : values
    },
  }
}
