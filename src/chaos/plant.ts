/**
 * What a chaos run needs of the thing that it disturbs: the processes of one program on the embedded log, or those
 * of a cluster. `embedded-plant.ts` and `kafka-plant.ts` are the two.
 */
import type { Random } from '../../simulators/random.ts'
import type { Settings } from '../config/settings.ts'

/** One kind of disturbance. */
export interface Disturbance {
  /** One word, by which `--only` names it. */
  readonly name: string
  /** Disturbances of this kind for each kill; those of kills are 1. */
  readonly share: number
  /** Does it, and leaves everything running again, or coming up. @returns what was done, in words */
  run(random: Random): Promise<string>
}

export interface Plant {
  /** Where readings are published. */
  readonly mqttUrl: string
  /** Where people see alerts and acknowledge them. */
  readonly httpUrl: string
  /** The settings that its processes run with; the log is opened by them. */
  readonly settings: Settings
  /** The first is the kill. */
  readonly disturbances: readonly Disturbance[]
  /** Everything up and ready. */
  start(): Promise<void>
  /** Processes in good order all that is on the log, and stops. */
  drain(): Promise<void>
  /** Ends what still runs, at once; the log has been read by then. */
  end(): Promise<void>
}

/** What a plant is given. */
export interface PlantContext {
  /** Folder for data, logs and the config. */
  readonly dir: string
  /** Folder of the package: the program is its dist/src/main.js, and bin/kafka starts brokers. */
  readonly root: string
  /** Settings of a file for its processes → settings. */
  readonly settingsOf: (file: string) => Settings
  /** The run is to end before its time. */
  readonly signal: AbortSignal
  /** Tells what should not have happened: the run has then failed. */
  readonly problem: (text: string) => void
  /** Tells and counts what a plant does beside the steps of the schedule. */
  readonly did: (what: string) => void
  /** Resolves when a message has been acknowledged that was not when it was called. */
  readonly heard: () => Promise<void>
}
