/**
 * Where MQTT packets begin and end in a stream of bytes, and what a PUBLISH says (MQTT 3.1.1, 2.2 and 3.3).
 * Only what the front of the broker needs; everything else of the protocol is aedes's.
 */

export const CONNECT = 1
export const PUBLISH = 3

/** Values of `readHeader` other than a position. */
export const SHORT = -1
export const MALFORMED = -2

/** Length of the body of the packet that `readHeader` looked at last. */
export const header = { bodyBytes: 0 }

/** Most bytes of the length field [2.2.3]. */
const LENGTH_BYTES = 4

/**
 * @param at where a packet begins
 * @returns where its body begins, with `header.bodyBytes` set; `SHORT` when more bytes are needed
 */
export function readHeader(bytes: Uint8Array, at: number): number {
  let length = 0
  let place = 1
  for (let i = 1; i <= LENGTH_BYTES; i++) {
    if (at + i >= bytes.length) return SHORT
    const byte = bytes[at + i]!
    length += (byte & 0x7f) * place
    if (byte < 0x80) {
      header.bodyBytes = length
      return at + i + 1
    }
    place *= 128
  }
  return MALFORMED
}

export function packetType(first: number): number {
  return first >> 4
}

/** QoS of a PUBLISH, from its first byte. */
export function qosOf(first: number): number {
  return (first >> 1) & 3
}

/** A PUBLISH taken apart; one object, written anew each time. */
export const publish = { topic: '', id: 0, payloadAt: 0 }

/**
 * @param bodyAt where the body begins
 * @param bodyEnd end of the body, as far as it is there
 * @returns false when it breaks the protocol; else `publish` is set (`id` 0 at QoS 0)
 */
export function readPublish(bytes: Buffer, bodyAt: number, bodyEnd: number, qos: number): boolean {
  const topicAt = bodyAt + 2
  if (topicAt > bodyEnd) return false
  const topicEnd = topicAt + bytes.readUInt16BE(bodyAt)
  const payloadAt = qos === 0 ? topicEnd : topicEnd + 2
  if (payloadAt > bodyEnd) return false
  publish.topic = bytes.toString('utf8', topicAt, topicEnd)
  publish.id = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd)
  publish.payloadAt = payloadAt
  // [MQTT-2.3.1-1]
  return qos === 0 || publish.id !== 0
}

const PUBACK = 0x40
const PUBACK_BYTES = 4

/** @returns the PUBACKs of these packet ids, in their order */
export function pubacks(ids: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(ids.length * PUBACK_BYTES)
  for (let i = 0; i < ids.length; i++) {
    const at = i * PUBACK_BYTES
    bytes[at] = PUBACK
    bytes[at + 1] = 2
    bytes.writeUInt16BE(ids[i]!, at + 2)
  }
  return bytes
}
