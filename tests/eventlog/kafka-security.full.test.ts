/** TLS, users and rights on a real broker: what works, and what is said when it doesn't. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { KafkaSettings } from '../../src/config/settings.ts'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { kafkaSettings, type OwnKafka, ownKafka, withAdmin } from '../support/kafka.ts'
import { freePort } from '../support/mosquitto.ts'
import { requires } from '../support/requires.ts'
import { record } from './harness.ts'
import { checkCounted, counting, untilCommitted } from './kafka-counting.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const USER = 'engine'
const PASSWORD = 'a "quoted" secret'
const STRANGER = 'stranger'
const PREFIX = 'plant-7.'

const openssl = requires('openssl')
const missing = requires('kafka').missing ?? openssl.missing

let dir = ''
let files: Certificates
let kafka: OwnKafka
let securePort = 0
let mutualPort = 0

type Sasl = NonNullable<KafkaSettings['sasl']>

const sasl = (mechanism: Sasl['mechanism'], username = USER, password = PASSWORD): Sasl => ({
  mechanism,
  username,
  password,
})

const open = (port: number, more: Partial<KafkaSettings>, prefix = PREFIX) =>
  openKafkaLog({
    kafka: kafkaSettings(`127.0.0.1:${port}`, { requestTimeoutMs: 3000, ...more }),
    partitions: 2,
    topics: topicNames(prefix),
    group: `${prefix}engine`,
    retentionMs: Number.POSITIVE_INFINITY,
  })

const tls = () => ({ ca: files.ca, cert: null, key: null })

/** The rights that docs/decisions/0005 lists, and none beside them. */
const RIGHTS = [
  [AclResourceTypes.TOPIC, ['READ', 'WRITE', 'CREATE', 'DELETE', 'DESCRIBE_CONFIGS']],
  [AclResourceTypes.GROUP, ['READ']],
  [AclResourceTypes.TRANSACTIONAL_ID, ['WRITE']],
] as const

async function grant(user: string): Promise<void> {
  const acl = RIGHTS.flatMap(([resourceType, operations]) =>
    operations.map((operation) => ({
      resourceType,
      resourceName: PREFIX,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: `User:${user}`,
      host: '*',
      operation: AclOperationTypes[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  )
  await withAdmin(kafka.brokers, (admin) => admin.createAcls({ acl }))
}

function brokerSettings(): Record<string, string> {
  const stores = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': files.server,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': files.ca,
  }
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER}="${PASSWORD.replaceAll('"', '\\"')}" user_${STRANGER}="x";`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    ...stores,
    'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': plain,
    'listener.name.secure.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.secure.scram-sha-512.sasl.jaas.config': scram,
    'listener.name.mutual.ssl.client.auth': 'required',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
  }
}

/** Appends, follows as a group, commits: all that needs a right. */
async function work(port: number, settings: Partial<KafkaSettings>): Promise<void> {
  const log = await open(port, settings)
  const topics = topicNames(PREFIX)
  const before = await log.bounds(topics.readings)
  await log.append(Array.from({ length: 30 }, (_, i) => record(topics.readings, `k${i}`, `${i}`)))
  const follower = log.follow({
    topic: topics.readings,
    group: `${PREFIX}engine`,
    open: (partition) => counting(topics, partition),
  })
  const wanted = before.reduce((sum, { end }) => sum + end, 30)
  await untilCommitted(log, `${PREFIX}engine`, topics.readings, wanted)
  await follower.stop()
  expect(await checkCounted(log, topics)).toBe(wanted)
  await log.retain(Date.now())
  await log.close()
}

describe.skipIf(missing)('TLS, users and rights', () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'forewarn-tls-'))
    files = makeCertificates(openssl.path, dir)
    securePort = await freePort()
    mutualPort = await freePort()
    const scramPassword = PASSWORD
    kafka = await ownKafka({
      listeners: [
        { name: 'SECURE', protocol: 'SASL_SSL', port: securePort, advertisedPort: securePort },
        { name: 'MUTUAL', protocol: 'SSL', port: mutualPort, advertisedPort: mutualPort },
      ],
      set: brokerSettings(),
      users: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
        (mechanism) => `${mechanism}=[name=${USER},password=${scramPassword}]`,
      ),
    })
    await grant(USER)
    await grant('CN=client')
  })
  afterAll(async () => {
    await kafka?.stop()
    rmSync(dir, { recursive: true })
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    '%s over TLS, with no more rights than are listed',
    async (mechanism) => {
      await work(securePort, { ssl: tls(), sasl: sasl(mechanism) })
    },
  )

  test('a client certificate is a user as well', async () => {
    const ssl = { ca: files.ca, cert: files.clientCert, key: files.clientKey }
    await work(mutualPort, { ssl, compression: 'gzip' })
  })

  test.each(['plain', 'scram-sha-256'] as const)(
    '%s: a wrong password is told from other trouble',
    async (mechanism) => {
      await expect(
        open(securePort, { ssl: tls(), sasl: sasl(mechanism, USER, 'wrong') }),
      ).rejects.toMatchObject({
        code: 'config',
        message: expect.stringMatching(/does not take the user engine .*check log\.kafka\.sasl/),
      })
    },
  )

  test('what a user may not do is said with the command that grants it', async () => {
    const asStranger = { ssl: tls(), sasl: sasl('plain', STRANGER, 'x') }
    await expect(open(securePort, asStranger)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /does not allow the user stranger .*kafka-acls --add --allow-principal User:stranger --operation \w+ --topic plant-7\./,
      ),
    })
  })

  test('topics outside of the rights are refused', async () => {
    await expect(open(securePort, { ssl: tls(), sasl: sasl('plain') }, 'other-plant.')).rejects.toMatchObject(
      { code: 'config', message: expect.stringContaining('other-plant.') },
    )
  })

  const ways: readonly [string, () => { port: number; settings: Partial<KafkaSettings> }][] = [
    [
      'no authority',
      () => ({
        port: securePort,
        settings: { ssl: { ca: null, cert: null, key: null }, sasl: sasl('plain') },
      }),
    ],
    [
      'TLS on the plain port',
      () => ({ port: Number(kafka.brokers.split(':')[1]), settings: { ssl: tls() } }),
    ],
    ['no client certificate', () => ({ port: mutualPort, settings: { ssl: tls() } })],
  ]
  test.each(ways)('%s: told as trouble with TLS', async (_, what) => {
    const { port, settings } = what()
    await expect(open(port, settings)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /no TLS connection \(.+\): check .*TLS port.*log\.kafka\.ssl\.ca.*ssl\.cert/,
      ),
    })
  })

  test('no TLS on a TLS port: the brokers can not be reached', async () => {
    await expect(open(mutualPort, {})).rejects.toMatchObject({
      message: expect.stringMatching(/can't be reached/),
    })
  })

  test('a file that is not there is named', async () => {
    const ssl = { ca: join(dir, 'missing.pem'), cert: null, key: null }
    await expect(open(securePort, { ssl })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/log\.kafka\.ssl\.ca: can't read .*missing\.pem/),
    })
  })
})
