/** Named limits of the HTTP side that nobody needs to set (law 5). The ones people set are in `settings.limits`. */

/** To receive a whole request. */
export const REQUEST_TIMEOUT_MS = 10_000
/** To answer one; a live subscription is exempt once it has begun. */
export const HANDLER_TIMEOUT_MS = 30_000
/** Silence after which a connection is closed. */
export const CONNECTION_TIMEOUT_MS = 60_000
export const KEEP_ALIVE_TIMEOUT_MS = 30_000
/** How often connections are looked through for requests that take too long to arrive. */
export const CONNECTION_CHECK_MS = 2000
/** Connections open at once; further ones are closed at once. */
export const CONNECTIONS = 2000
/** Longest part of a path: an alert id is asset + rule + time, percent-encoded in the worst case. */
export const PATH_PART_LENGTH = 1024
/** Client addresses whose request rate is remembered. */
export const RATE_ADDRESSES = 5000

export const PAGE_ITEMS = 100
export const PAGE_ITEMS_MAX = 1000
export const CURSOR_LENGTH = 1024
/** Dead letters that one step of a replay looks at. */
export const REPLAY_STEP_LETTERS = 5000
/** Rejected elements of a payload that an answer lists. */
export const LISTED_REJECTIONS = 20

/** Scores that the board holds over all assets; 31 bytes each. */
export const BOARD_POINTS = 4_000_000
/** Scores read again at the start, over all partitions. */
export const BOARD_TAIL_SCORES = 200_000
/** Alert events read again at the start, over all partitions: the history of closed alerts. */
export const BOARD_TAIL_ALERTS = 10_000
/** While it is behind, how often it looks whether retention took what it waits for. */
export const BOARD_LOOK_MS = 500
/** Dead letters read again at the start, over all partitions: what they tell of clocks. */
export const BOARD_TAIL_LETTERS = 20_000
export const BOARD_OPEN_ALERTS = 100_000
export const BOARD_CLOSED_ALERTS = 2000
/** Last scores of an asset that a fleet list carries, for its sparkline. */
export const TREND_SCORES = 32
/** Closed alerts of an asset that its page shows. */
export const ASSET_CLOSED_ALERTS = 50

/** Records of the readings topic that one answer looks through for an asset. */
export const READINGS_SCAN_RECORDS = 20_000
/** Records in each step back through it. */
export const READINGS_SCAN_STEP = 2000
/** Dead letters that one answer looks through for late readings of an asset. */
export const LATE_SCAN_RECORDS = 20_000
/** Bytes of readings in one answer, where waveforms make them large. */
export const READINGS_ANSWER_BYTES = 4 * 1024 * 1024
/** Records per partition looked through for assets that have no score yet. */
export const NEWCOMER_RECORDS = 500
export const NEWCOMER_CACHE_MS = 2000

/** Scores are gathered this long into one write per subscriber; an alert goes at once. */
export const SSE_TICK_MS = 200
/** Gathered bytes that are written without waiting for the tick. */
export const SSE_CHUNK_BYTES = 256 * 1024
export const SSE_HEARTBEAT_MS = 15_000
/** What a subscriber is told to wait before it comes back. */
export const SSE_RETRY_MS = 2000
/** Events that a returning subscriber gets from the log; beyond it, it is told of a gap. */
export const SSE_RESUME_SCORES = 20_000
export const SSE_RESUME_ALERTS = 10_000
/** A returning subscriber so few events behind is joined to the live ones, which wait for the rest. */
export const SSE_HANDOVER_EVENTS = 500
/** A returning subscriber that takes nothing for this long is dropped. */
export const SSE_DRAIN_TIMEOUT_MS = 10_000
