/** `doctor` with what it needs from the rest of the program: the backend's speed and the checked config. */
import { loadPipelines } from '../app/pipelines.ts'
import { loadBackend } from '../model/backend.ts'
import { predictionMs } from '../model/speed.ts'
import { type ConfigOptions, configOf } from './config.ts'
import { type CheckedConfig, doctor } from './doctor.ts'
import { PACKAGE_DIR } from './version.ts'

export async function checkup(options: ConfigOptions): Promise<void> {
  process.exitCode = await doctor({
    print: (line) => console.log(line),
    packageDir: PACKAGE_DIR,
    env: process.env,
    async measureBackend() {
      const backend = await loadBackend()
      return { ...backend, predictionMs: predictionMs(backend) }
    },
    checkConfig: () => checkConfig(options),
  })
}

async function checkConfig(options: ConfigOptions): Promise<CheckedConfig> {
  const { file, settings } = configOf(options)
  const { dispose } = await loadPipelines(settings)
  dispose()
  const { mqtt, http, log } = settings
  const broker =
    mqtt.url === 'embedded' ? [{ name: 'MQTT (mqtt.port)', host: mqtt.host, port: mqtt.port }] : []
  return {
    source: file ?? 'defaults',
    dataDir: log.dir,
    ports: [...broker, { name: 'HTTP (http.port)', host: http.host, port: http.port }],
  }
}
