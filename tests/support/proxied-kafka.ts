/** A broker of a test's own with a proxy before one of its ways in. */
import { type OwnKafka, ownKafka } from './kafka.ts'
import { type KafkaProxy, startProxy } from './kafka-proxy.ts'
import { freePort } from './mosquitto.ts'

export interface ProxiedKafka extends OwnKafka {
  readonly proxy: KafkaProxy
  /** Address through the proxy; `brokers` is the one past it. */
  readonly proxied: string
}

/** @param set broker settings */
export async function proxiedKafka(set: Readonly<Record<string, string>> = {}): Promise<ProxiedKafka> {
  const port = await freePort()
  const proxy = await startProxy(port)
  const listener = { name: 'PROXY', protocol: 'PLAINTEXT', port, advertisedPort: proxy.port }
  const kafka = await ownKafka({ listeners: [listener], set })
  return {
    ...kafka,
    proxy,
    proxied: `127.0.0.1:${proxy.port}`,
    async stop() {
      await proxy.close()
      await kafka.stop()
    },
  }
}
