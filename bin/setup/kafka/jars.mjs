// @ts-check
/**
 * Kafka itself: the broker's jars from Maven Central, once, into the cache folder. They are loaded by the
 * dependency plug-in of Maven, which checks their hashes and honours the user's own mirrors and proxies.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alone } from '../lock.mjs'
import { cacheFolder } from '../places.mjs'
import { step } from '../progress.mjs'
import { endOf, onPath, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'

/** The version that the tests and `chaos` run against, unless a variable names another (`.ci/versions` does). */
export const KAFKA_VERSION = process.env.KAFKA_VERSION || '4.1.0'

const DOWNLOAD_LIMIT_MS = 10 * 60_000

/**
 * @param {string} version
 * @param {string} [cache]
 * @returns {Promise<string>} class path of the broker
 */
export async function bringJars(version, cache = cacheFolder()) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw trouble(`${version} is no version of Kafka`, `name one such as ${KAFKA_VERSION}`, 2)
  }
  const folder = join(cache, 'kafka', version)
  if (!jarsAreThere(folder)) {
    await alone(join(cache, 'kafka.lock'), async () => {
      if (!jarsAreThere(folder)) await download(version, folder)
    })
  }
  return join(folder, '*')
}

/**
 * @param {string} version
 * @param {string} folder filled aside and renamed, so that it is whole or not there
 */
async function download(version, folder) {
  const maven = onPath('mvn')
  if (maven === null) {
    throw trouble(
      `Kafka's jars are not in the cache and Maven (mvn), which brings them, is not on the PATH`,
      'install it (Debian: apt-get install maven), then start again',
    )
  }
  const staged = `${folder}.${process.pid}`
  rmSync(staged, { recursive: true, force: true })
  mkdirSync(staged, { recursive: true })
  try {
    const pom = join(staged, 'pom.xml')
    writeFileSync(pom, pomOf(version))
    const args = [
      ...['-q', '-B', '-f', pom, 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${staged}`],
    ]
    const outcome = await step(`Kafka ${version}: jars from Maven Central`, () =>
      run(maven, args, { limitMs: DOWNLOAD_LIMIT_MS }),
    )
    if (!outcome.ok || !jarsAreThere(staged)) {
      throw trouble(
        `Maven could not bring Kafka ${version}:\n${endOf(outcome.output)}`,
        'check that Maven Central, or the mirror of your Maven settings, can be reached, then start again',
      )
    }
    renameSync(staged, folder)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
}

/** @param {string} folder */
function jarsAreThere(folder) {
  try {
    return readdirSync(folder).some((name) => name.startsWith('kafka_2.13-'))
  } catch {
    return false
  }
}

/** With a logger, which Kafka leaves to its own scripts. @param {string} version */
function pomOf(version) {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>forewarn</groupId><artifactId>kafka-broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`
}
