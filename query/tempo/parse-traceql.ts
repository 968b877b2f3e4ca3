/**
 * A query in TraceQL (https://grafana.com/docs/tempo/latest/traceql) to a selector of spans, by recursive descent:
 *
 *   query    = spanset { "||" spanset } [ "with" "(" … ")" ]
 *   spanset  = "{" [ or ] "}" | "(" spanset { "||" spanset } ")"
 *   or       = and { "||" and }
 *   and      = unary { "&&" unary }
 *   unary    = "!" unary | "(" or ")" | "true" | "false" | field comparison value
 *   field    = "resource." name | "span." name | "." name | intrinsic
 *
 * Hints after "with" change nothing here. Structure (`>>`, `~`), pipelines (`|`), arithmetic and spansets that must hold
 * together (`{} && {}`) are refused: the answer says so.
 */
import { traceqlTokens, type Token } from './traceql-tokens.ts';
import {
  comparisons,
  type Comparison,
  type Selector,
  TraceqlError,
  type TraceqlField,
  type TraceqlValue,
} from './traceql.ts';

const maxLength = 4000;
const maxDepth = 32;
const maxTests = 24;

/** A selector, or what is wrong with the query in one sentence. */
export type ParsedTraceql =
  { readonly kind: 'selector'; readonly selector: Selector } | { readonly kind: 'problem'; readonly problem: string };

/** Reads a query; the empty one selects every span. Never throws. */
export function parseTraceql(text: string): ParsedTraceql {
  if (text.length > maxLength) return { kind: 'problem', problem: `it must have at most ${maxLength} characters` };
  if (text.trim() === '') return { kind: 'selector', selector: { kind: 'always', holds: true } };
  try {
    return { kind: 'selector', selector: new Parser(traceqlTokens(text)).parse() };
  } catch (error) {
    if (error instanceof TraceqlError) return { kind: 'problem', problem: error.message };
    throw error;
  }
}

/** What every span has, by the names TraceQL gives it. */
const intrinsics: Readonly<Record<string, string>> = {
  name: 'name',
  'span:name': 'name',
  duration: 'duration',
  'span:duration': 'duration',
  status: 'status',
  'span:status': 'status',
  statusMessage: 'statusMessage',
  'span:statusMessage': 'statusMessage',
  kind: 'kind',
  'span:kind': 'kind',
  'span:id': 'spanId',
  'trace:id': 'traceId',
  traceDuration: 'traceDuration',
  'trace:duration': 'traceDuration',
  rootName: 'rootName',
  'trace:rootName': 'rootName',
  rootServiceName: 'rootServiceName',
  'trace:rootService': 'rootServiceName',
};

/** Names that stand for values. */
const statuses: ReadonlySet<string> = new Set(['error', 'ok', 'unset']);
const kinds: ReadonlySet<string> = new Set(['server', 'client', 'internal', 'producer', 'consumer', 'unspecified']);

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #tests = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Selector {
    const selector = this.#spansets();
    if (this.#takeName('with')) this.#hints();
    const { kind, text, position } = this.#token;
    if (kind === 'end') return selector;
    if (text === '|') throw new TraceqlError(position, 'pipelines such as "| count() > 2" are not supported');
    if (text === '&&' || ['>>', '>', '<<', '<', '~', '!', '!>>', '!<<', '&'].includes(text))
      throw new TraceqlError(position, `relations between sets of spans ("} ${text} {") are not supported`);
    return this.#fail('the end');
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #fail(expected: string): never {
    const { kind, text, position } = this.#token;
    const found = kind === 'end' ? 'the end' : JSON.stringify(text);
    throw new TraceqlError(position, `${expected} was expected, not ${found}`);
  }

  #takeSymbol(symbol: string): boolean {
    const isThere = this.#token.kind === 'symbol' && this.#token.text === symbol;
    if (isThere) this.#next++;
    return isThere;
  }

  #takeName(name: string): boolean {
    const isThere = this.#token.kind === 'name' && this.#token.text === name;
    if (isThere) this.#next++;
    return isThere;
  }

  #expectSymbol(symbol: string): void {
    if (!this.#takeSymbol(symbol)) this.#fail(`"${symbol}"`);
  }

  /** Counts what is within what: a text of braces alone must not exhaust the stack. */
  #nested<Result>(read: () => Result): Result {
    if (++this.#depth > maxDepth) throw new TraceqlError(this.#token.position, 'is nested too deeply');
    const result = read();
    this.#depth--;
    return result;
  }

  #spansets(): Selector {
    const terms = [this.#spanset()];
    while (this.#takeSymbol('||')) terms.push(this.#spanset());
    return joined('or', terms);
  }

  #spanset(): Selector {
    return this.#nested(() => {
      if (this.#takeSymbol('(')) {
        const inner = this.#spansets();
        this.#expectSymbol(')');
        return inner;
      }
      this.#expectSymbol('{');
      if (this.#takeSymbol('}')) return { kind: 'always', holds: true };
      const selector = this.#or();
      this.#expectSymbol('}');
      return selector;
    });
  }

  #hints(): void {
    this.#expectSymbol('(');
    while (!this.#takeSymbol(')')) {
      if (this.#token.kind === 'end') this.#fail('")"');
      this.#next++;
    }
  }

  #or(): Selector {
    const terms = [this.#and()];
    while (this.#takeSymbol('||')) terms.push(this.#and());
    return joined('or', terms);
  }

  #and(): Selector {
    const terms = [this.#unary()];
    while (this.#takeSymbol('&&')) terms.push(this.#unary());
    return joined('and', terms);
  }

  #unary(): Selector {
    return this.#nested(() => {
      if (this.#takeSymbol('!')) return { kind: 'not', term: this.#unary() };
      if (this.#takeSymbol('(')) {
        const inner = this.#or();
        this.#expectSymbol(')');
        return inner;
      }
      if (this.#takeName('true')) return { kind: 'always', holds: true };
      if (this.#takeName('false')) return { kind: 'always', holds: false };
      return this.#test();
    });
  }

  #test(): Selector {
    const { position } = this.#token;
    if (++this.#tests > maxTests) throw new TraceqlError(position, `there are more than ${maxTests} comparisons`);
    const field = this.#field();
    const comparison = this.#comparison();
    return { kind: 'test', field, comparison, value: this.#value(), position };
  }

  #field(): TraceqlField {
    const { kind, text, position } = this.#token;
    if (kind === 'value') throw new TraceqlError(position, 'the attribute stands on the left of a comparison');
    if (kind !== 'name') this.#fail('an attribute');
    this.#next++;
    const [, scope, name] = /^(resource|span|)\.(.+)$/su.exec(text) ?? [];
    if (name !== undefined) return { scope: scope === '' ? 'any' : (scope as 'resource' | 'span'), name };
    const intrinsic = Object.hasOwn(intrinsics, text) ? intrinsics[text] : undefined;
    if (intrinsic !== undefined) return { scope: 'intrinsic', name: intrinsic };
    throw new TraceqlError(
      position,
      `${JSON.stringify(text.slice(0, 100))} is not supported: attributes begin with resource., span. or a dot, and there are ${Object.keys(intrinsics).join(', ')}`,
    );
  }

  #comparison(): Comparison {
    const { kind, text } = this.#token;
    const comparison = kind === 'symbol' ? comparisons.find((candidate) => candidate === text) : undefined;
    if (comparison === undefined) this.#fail(`one of ${comparisons.join(' ')}`);
    this.#next++;
    return comparison;
  }

  #value(): TraceqlValue {
    const { kind, text, value } = this.#token;
    if (kind === 'value') {
      this.#next++;
      return value!;
    }
    if (kind !== 'name') this.#fail('a value');
    if (text === 'true' || text === 'false') {
      this.#next++;
      return { kind: 'boolean', value: text === 'true' };
    }
    if (text === 'nil') {
      this.#next++;
      return { kind: 'nil' };
    }
    if (!statuses.has(text) && !kinds.has(text)) this.#fail('a value (texts are in quotes)');
    this.#next++;
    return { kind: 'word', word: text };
  }
}

function joined(kind: 'and' | 'or', terms: readonly Selector[]): Selector {
  return terms.length === 1 ? terms[0]! : { kind, terms };
}
