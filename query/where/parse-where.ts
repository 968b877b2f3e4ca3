/**
 * Text of a condition to an expression, by recursive descent:
 *
 *   or         = and { "or" and }
 *   and        = unary { "and" unary }
 *   unary      = "not" unary | "(" or ")" | field comparison
 *   field      = "attribute" "(" value ")" | field of the span | [ "client." | "server." ] ( tag | ( "label" | "annotation" | "environment" ) "(" value ")" )
 *   comparison = ( "=" | "!=" | "~" | "!~" | [ "not" ] "like" ) value | [ "not" ] "in" "(" value { "," value } ")"
 *              | ( "<" | "<=" | ">" | ">=" ) value
 *   value      = text in quotes | word
 *
 * Keywords are understood in any case. What is negated holds for neither side when no side is given. Only numbers have an
 * order: `response_code`, attributes that are numbers, and `duration`, which has nothing but an order.
 */
import { durationMsSetting } from '../../core/config/setting.ts';
import {
  type Expression,
  type Field,
  mapNames,
  type Order,
  orders,
  type SideName,
  spanFieldNames,
  spanFields,
  tagNames,
  type Test,
  type Where,
} from './expression.ts';
import { type Token, tokensOf, WhereError } from './tokens.ts';

const maxLength = 2000;
const maxDepth = 32;
const maxTests = 24;
const maxValues = 200;
/** Resources that are looked up: a text under a key may be of each of nine kinds, on one side or on both. */
const maxLookups = 216;
const lookupsOfText = 9;

/** A condition, or what is wrong with it in one sentence. */
export type ParsedWhere =
  { readonly kind: 'where'; readonly where: Where } | { readonly kind: 'problem'; readonly problem: string };

/** Reads a condition. Never throws. */
export function parseWhere(text: string): ParsedWhere {
  if (text.length > maxLength) return { kind: 'problem', problem: `it must have at most ${maxLength} characters` };
  try {
    return { kind: 'where', where: { text, expression: new Parser(tokensOf(text)).parse() } };
  } catch (error) {
    if (error instanceof WhereError) return { kind: 'problem', problem: error.message };
    throw error;
  }
}

/** A field, or what is wrong with it in one sentence. */
export type ParsedField =
  { readonly kind: 'field'; readonly field: Field } | { readonly kind: 'problem'; readonly problem: string };

/** Reads what stands on the left of a comparison, such as `client.pod` or `label(app)`. Never throws. */
export function parseField(text: string): ParsedField {
  if (text.length > maxLength) return { kind: 'problem', problem: `it must have at most ${maxLength} characters` };
  try {
    return { kind: 'field', field: new Parser(tokensOf(text)).parseField() };
  } catch (error) {
    if (error instanceof WhereError) return { kind: 'problem', problem: error.message };
    throw error;
  }
}

const durationReader = durationMsSetting({ description: 'Duration.' });

/** Why a value is none of this field; undefined when it is one. */
function wrongValue(field: Field, value: string): string | undefined {
  if (field.kind !== 'span') return undefined;
  const type: 'text' | 'number' | 'duration' | readonly string[] = spanFields[field.name];
  if (type === 'number' && !/^-?\d{1,9}$/.test(value)) return `${field.name} is a whole number`;
  if (typeof type === 'object' && !type.includes(value)) return `${field.name} is one of ${type.join(', ')}`;
  return undefined;
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #tests = 0;
  #lookups = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#any();
    if (this.#token.kind !== 'end') this.#fail('"and", "or" or the end');
    return expression;
  }

  parseField(): Field {
    const field = this.#field();
    if (this.#token.kind !== 'end') this.#fail('the end');
    return field;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #fail(expected: string): never {
    const { kind, text, position } = this.#token;
    const found = kind === 'end' ? 'the end' : JSON.stringify(text);
    throw new WhereError(position, `${expected} was expected, not ${found}`);
  }

  #takeSymbol(symbol: string): boolean {
    const isThere = this.#token.kind === 'symbol' && this.#token.text === symbol;
    if (isThere) this.#next++;
    return isThere;
  }

  #takeKeyword(keyword: string): boolean {
    const isThere = this.#token.kind === 'word' && this.#token.text.toLowerCase() === keyword;
    if (isThere) this.#next++;
    return isThere;
  }

  #expectSymbol(symbol: string): void {
    if (!this.#takeSymbol(symbol)) this.#fail(`"${symbol}"`);
  }

  #any(): Expression {
    const terms = [this.#all()];
    while (this.#takeKeyword('or')) terms.push(this.#all());
    return terms.length === 1 ? terms[0]! : { kind: 'or', terms };
  }

  #all(): Expression {
    const terms = [this.#unary()];
    while (this.#takeKeyword('and')) terms.push(this.#unary());
    return terms.length === 1 ? terms[0]! : { kind: 'and', terms };
  }

  #unary(): Expression {
    if (++this.#depth > maxDepth) throw new WhereError(this.#token.position, 'is nested too deeply');
    const expression = this.#takeKeyword('not') ? negated(this.#unary()) : this.#positive();
    this.#depth--;
    return expression;
  }

  #positive(): Expression {
    if (!this.#takeSymbol('(')) return this.#comparison();
    const expression = this.#any();
    this.#expectSymbol(')');
    return expression;
  }

  #comparison(): Expression {
    if (++this.#tests > maxTests)
      throw new WhereError(this.#token.position, `there are more than ${maxTests} comparisons`);
    const { position } = this.#token;
    const field = this.#field();
    this.#lookups += lookupsOf(field);
    if (this.#lookups > maxLookups)
      throw new WhereError(position, 'there are too many comparisons of labels, annotations and environment');
    if (field.kind === 'span' && spanFields[field.name] === 'duration') return testOf(field, this.#durationTest());
    if (this.#takeSymbol('=')) return testOf(field, { kind: 'one_of', values: [this.#valueOf(field)] });
    if (this.#takeSymbol('!=')) return negated(testOf(field, { kind: 'one_of', values: [this.#valueOf(field)] }));
    if (field.kind === 'span' && spanFields[field.name] === 'number') return this.#numberTest(field);
    if (field.kind === 'attribute') {
      const order = this.#takeOrder();
      if (order !== undefined) return testOf(field, { kind: 'compare', order, value: this.#number() });
    }
    if (this.#takeSymbol('~')) return testOf(field, { kind: 'contains', text: this.#value() });
    if (this.#takeSymbol('!~')) return negated(testOf(field, { kind: 'contains', text: this.#value() }));
    const isNegated = this.#takeKeyword('not');
    const test: Test = this.#takeKeyword('like')
      ? { kind: 'like', pattern: this.#pattern() }
      : this.#list(field, isNegated ? '"in" or "like"' : 'one of = != ~ !~ in like');
    return isNegated ? negated(testOf(field, test)) : testOf(field, test);
  }

  #numberTest(field: Field): Expression {
    const order = this.#takeOrder();
    if (order !== undefined) return testOf(field, { kind: 'compare', order, value: Number(this.#valueOf(field)) });
    const isNegated = this.#takeKeyword('not');
    const test = this.#list(field, isNegated ? '"in"' : 'one of = != < <= > >= in');
    return isNegated ? negated(testOf(field, test)) : testOf(field, test);
  }

  #number(): number {
    const { position } = this.#token;
    const text = this.#value();
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new WhereError(position, `a number was expected, not ${JSON.stringify(text)}`);
    return value;
  }

  #durationTest(): Test {
    const order = this.#takeOrder();
    if (order === undefined) this.#fail('one of < <= > >=');
    const { position } = this.#token;
    const duration = durationReader.safeParse(this.#value());
    const value = duration.success ? Math.round(duration.data * 1e6) : Number.NaN;
    if (!Number.isSafeInteger(value))
      throw new WhereError(position, 'a duration such as 250ms, 1.5s or 1h was expected');
    return { kind: 'compare', order, value };
  }

  #takeOrder(): Order | undefined {
    return orders.find((order) => this.#takeSymbol(order));
  }

  #list(field: Field, expected: string): Test {
    if (!this.#takeKeyword('in')) this.#fail(expected);
    this.#expectSymbol('(');
    const values = [this.#valueOf(field)];
    while (this.#takeSymbol(',')) {
      if (values.length === maxValues)
        throw new WhereError(this.#token.position, `there are more than ${maxValues} values`);
      values.push(this.#valueOf(field));
    }
    this.#expectSymbol(')');
    return { kind: 'one_of', values };
  }

  #field(): Field {
    const { kind, text } = this.#token;
    const [, sideText, name] = /^(?:(client|server)\.)?(.*)$/s.exec(kind === 'word' ? text.toLowerCase() : '')!;
    const side = sideText as SideName | undefined;
    const own = spanFieldNames.find((candidate) => candidate === name);
    if (own !== undefined && side === undefined) {
      this.#next++;
      return { kind: 'span', name: own };
    }
    if (name === 'attribute' && side === undefined) {
      this.#next++;
      return { kind: 'attribute', key: this.#key() };
    }
    const tag = tagNames.find((candidate) => candidate === name);
    const map = mapNames.find((candidate) => candidate === name);
    if (tag === undefined && map === undefined)
      this.#fail(
        `a tag (${tagNames.join(', ')}), a field of the span (${spanFieldNames.join(', ')}) or label(…), annotation(…), environment(…), attribute(…)`,
      );
    this.#next++;
    if (tag !== undefined) return { kind: 'tag', side, tag };
    return { kind: 'text', side, map: map!, key: this.#key() };
  }

  #key(): string {
    this.#expectSymbol('(');
    const key = this.#value();
    this.#expectSymbol(')');
    return key;
  }

  #value(): string {
    const { kind, text } = this.#token;
    if (kind !== 'text' && kind !== 'word') this.#fail('a value');
    this.#next++;
    return text;
  }

  #valueOf(field: Field): string {
    const { position } = this.#token;
    const value = this.#value();
    const problem = wrongValue(field, value);
    if (problem !== undefined) throw new WhereError(position, `${problem}, not ${JSON.stringify(value)}`);
    return value;
  }

  #pattern(): string {
    const { position } = this.#token;
    const pattern = this.#value();
    // The engine refuses it.
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(pattern))
      throw new WhereError(position, 'a pattern must not end with a backslash');
    return pattern;
  }
}

/** So many sets of resources it takes. */
function lookupsOf(field: Field): number {
  if (field.kind === 'span') return field.name === 'seen_service' ? 1 : 0;
  if (field.kind === 'attribute') return lookupsOfText;
  return (field.kind === 'text' ? lookupsOfText : 1) * (field.side === undefined ? 2 : 1);
}

const testOf = (field: Field, test: Test): Expression => ({ kind: 'test', field, test });
const negated = (term: Expression): Expression => (term.kind === 'not' ? term.term : { kind: 'not', term });
