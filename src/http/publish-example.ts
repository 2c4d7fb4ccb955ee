/** The command that the empty dashboard shows: how to publish a reading to this very process. */
import type { MqttSettings } from '../config/settings.ts'

const READING = '{"values":{"temperature":61.2,"vibration":0.42}}'

export function publishExample(mqtt: MqttSettings): string {
  const broker = mqtt.url === 'embedded' ? null : new URL(mqtt.url)
  const host = broker?.hostname ?? (mqtt.host === '0.0.0.0' ? '127.0.0.1' : mqtt.host)
  const port =
    broker === null ? mqtt.port : Number(broker.port || (broker.protocol === 'mqtts:' ? 8883 : 1883))
  const topic = mqtt.topic.replace('{asset}', 'pump-01').replaceAll('+', 'site')
  const user = mqtt.users === null && mqtt.username === null ? '' : ' -u USER -P PASSWORD'
  return `mosquitto_pub -h ${host} -p ${port}${user} -q 1 -t ${topic} -m '${READING}'`
}
