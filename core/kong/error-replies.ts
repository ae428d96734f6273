import type { LocalReplies, LocalReply, ReplyCause } from '#core/model/local-reply.ts'
import type { ErrorContentType } from './config/kong-config.ts'

/** Reason phrase on the status line, and Kong 1.1's text in the body where it has one of its own. */
const statuses: Readonly<Record<number, readonly [reason: string, text?: string]>> = {
  400: ['Bad Request', 'Bad request'],
  404: ['Not Found', 'Not found'],
  405: ['Not Allowed'],
  408: ['Request Time-out', 'Request timeout'],
  411: ['Length Required', 'Length required'],
  412: ['Precondition Failed', 'Precondition failed'],
  413: ['Request Entity Too Large', 'Payload too large'],
  414: ['Request-URI Too Large', 'URI too long'],
  417: ['Expectation Failed', 'Expectation failed'],
  426: ['Upgrade Required'],
  494: ['Request Header Or Cookie Too Large', 'Request Header Or Cookie Too Large'],
  500: ['Internal Server Error', 'An unexpected error occurred'],
  501: ['Not Implemented'],
  502: ['Bad Gateway', 'An invalid response was received from the upstream server'],
  503: ['Service Temporarily Unavailable', 'The upstream server is currently unavailable'],
  504: ['Gateway Time-out', 'The upstream server is timing out'],
  505: ['HTTP Version Not Supported'],
  508: ['Loop Detected', 'The request came round to this node again'],
}

const bodies: Readonly<Record<ErrorContentType, (text: string) => string>> = {
  'text/plain': (text) => `${text}\n`,
  'application/json': (text) => `{"message":"${text}"}\n`,
  'text/html': (text) =>
    `<html><head><title>Kong Error</title></head><body><h1>Kong Error</h1><p>${text}.</p></body></html>\n`,
  'application/xml': (text) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<error><message>${text}</message></error>\n`,
}

/** Answers in the words of Kong 1.1 ("error_default_type" and its error handlers). */
export function createErrorReplies(defaultType: ErrorContentType): LocalReplies {
  return (cause, accept) =>
    cause.kind === 'status'
      ? statusReply(cause.status, chooseContentType(accept, defaultType))
      : fixedReplies[cause.kind]
}

const fixedReplies: Readonly<Record<Exclude<ReplyCause['kind'], 'status'>, LocalReply>> = {
  'no-route': jsonReply(404, 'no Route matched with those values'),
  'upgrade-required': jsonReply(426, 'Please use HTTPS protocol', [
    ['Upgrade', 'TLS/1.2, HTTP/1.1'],
  ]),
  'name-resolution-failed': jsonReply(503, 'name resolution failed'),
  'no-healthy-target': jsonReply(503, 'failure to get a peer from the ring-balancer'),
  'internal-error': jsonReply(500, 'An unexpected error occurred'),
}

function statusReply(status: number, type: ErrorContentType): LocalReply {
  const text = statuses[status]?.[1] ?? `The upstream server responded with ${status}`
  return reply(status, charset(type), bodies[type](text))
}

/** By substring, in Kong 1.1's order. */
function chooseContentType(
  accept: string | undefined,
  defaultType: ErrorContentType,
): ErrorContentType {
  if (accept === undefined) return defaultType
  if (accept.includes('html')) return 'text/html'
  if (accept.includes('json')) return 'application/json'
  return accept.includes('xml') ? 'application/xml' : 'text/plain'
}

/** nginx names the character set of text types alone. */
function charset(type: ErrorContentType): string {
  return type.startsWith('text/') ? `${type}; charset=UTF-8` : type
}

function jsonReply(
  status: number,
  message: string,
  headers: LocalReply['headers'] = [],
): LocalReply {
  return reply(status, 'application/json; charset=utf-8', JSON.stringify({ message }), headers)
}

function reply(
  status: number,
  contentType: string,
  body: string,
  headers: LocalReply['headers'] = [],
): LocalReply {
  return {
    status,
    reason: statuses[status]?.[0] ?? 'Error',
    headers: [['Content-Type', contentType], ...headers],
    body,
  }
}
