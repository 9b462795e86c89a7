// Random SOQL: queries made by Salesforce's grammar, and copies of them that were broken.

/** Numbers that are the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Keywords that are names wherever they make no sense as keywords. */
export const SOFT =
  'Group Order Case Data Category At Above Below Above_Or_Below Offset View Reference Typeof When Then End Distance Geolocation Fields Count Scope Flat'.split(
    ' ',
  );
const NAMES =
  'Id Name Account.Name c.Owner.Name Amount CreatedDate Custom__c Rel__r.Custom__c Größe__c x1 Format All Rows Calendar Tracking Type User_Mode'.split(
    ' ',
  );
const PLAIN = NAMES.filter((name) => !name.includes('.'));
const BREAKERS =
  `( ) , AND OR NOT SELECT FROM WHERE = 5 's' Id NULL LIMIT BY GROUP ORDER IN LIKE < > - + : x ' ALL ROWS FOR UPDATE USING WITH WHEN END TYPEOF COUNT *`.split(
    ' ',
  );

export class Generator {
  constructor(seed, apex) {
    this.next = random(seed);
    this.apex = apex;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }
  pick(items) {
    return items[this.below(items.length)];
  }
  /** Some text or none, with a space before it. */
  maybe(chance, make) {
    return this.next() < chance ? ` ${make()}` : '';
  }
  list(make, most, separator = ', ') {
    return Array.from({ length: 1 + this.below(most) }, make).join(separator);
  }
  keyword(word) {
    if (this.next() < 0.8) return word;
    return [...word].map((c) => (this.next() < 0.5 ? c.toLowerCase() : c.toUpperCase())).join('');
  }

  name() {
    return this.next() < 0.15 ? this.keyword(this.pick(SOFT)) : this.pick(NAMES);
  }
  plain() {
    return this.pick(PLAIN);
  }
  alias() {
    return this.next() < 0.3 ? this.pick(SOFT) : this.pick(['x', 'myAlias', 'Total']);
  }
  field() {
    const kind = this.next();
    if (kind < 0.75) return this.name();
    if (kind < 0.92) {
      return `${this.pick(['COUNT', 'MAX', 'toLabel', 'FORMAT', 'Grouping', 'Fields'])}(${this.name()})`;
    }
    return `FORMAT(${this.pick(['MIN', 'convertCurrency'])}( ${this.name()} ))`;
  }
  bind() {
    return this.pick([':x', ': acct.Id', ':a']);
  }
  string() {
    const texts = ['', 'a', "it\\'s", 'x%y_', '\\n\\T\\\\', '\\u00e9', '\\"q\\"', 'ünï', 'A;B'];
    return `'${this.pick(texts)}'`;
  }
  pattern() {
    return `'${this.pick(['a%', '_b', '\\%x\\_', '', '\\u0041%'])}'`;
  }
  number() {
    return this.pick(['0', '5', '-5', '+7', '3.25', '-.5', '100000000000000000000', '- 3']);
  }
  date() {
    return this.pick([
      '2020-01-02',
      '2020-01-02T03:04:05Z',
      '2020-01-02t03:04:05.123+01:30',
      '2020-01-02T03:04:05-0800',
      '03:04:05Z',
      'TODAY',
      'last_week',
      'LAST_N_DAYS:30',
      'N_FISCAL_YEARS_AGO:2',
      'NEXT_N_QUARTERS : 3',
    ]);
  }
  common() {
    const kind = this.below(4);
    if (kind === 0) return this.date();
    if (kind === 1) return this.number();
    if (kind === 2) return this.keyword(this.pick(['NULL', 'TRUE', 'FALSE']));
    return this.pick(['USD5000', 'eur12.50']);
  }
  literal() {
    if (this.apex && this.next() < 0.2) return this.bind();
    return this.next() < 0.5 ? this.string() : this.common();
  }
  like() {
    if (this.apex && this.next() < 0.2) return this.bind();
    return this.next() < 0.85 ? this.pattern() : this.common();
  }
  operator() {
    return this.pick(['=', '!=', '<>', '<', '>', '<=', '>=', '< =', '> =']);
  }
  distance() {
    const point =
      this.apex && this.next() < 0.3
        ? this.bind()
        : `GEOLOCATION(${this.number()}, ${this.number()})`;
    return `DISTANCE(${this.name()}, ${point}, '${this.pick(['mi', 'km', 'x\\q'])}')`;
  }

  condition(depth) {
    const literals = () => this.list(() => this.literal(), 3);
    switch (this.below(depth > 0 ? 11 : 8)) {
      case 0:
      case 1:
      case 2:
        return `${this.field()} ${this.operator()} ${this.literal()}`;
      case 3:
        return `${this.field()} ${this.keyword('LIKE')} ${this.like()}`;
      case 4:
        return `${this.field()} ${this.pick(['IN', 'NOT IN', 'in'])} (${literals()})`;
      case 5:
        return this.apex
          ? `${this.field()} IN ${this.bind()}`
          : `${this.field()} ${this.pick(['INCLUDES', 'EXCLUDES'])} (${literals()})`;
      case 6:
        return `${this.distance()} ${this.operator()} ${this.literal()}`;
      case 7:
        return `${this.name()} ${this.pick(['+', '-'])} ${this.name()} ${this.operator()} 5`;
      case 8:
        return `${this.field()} ${this.pick(['IN', 'NOT IN'])} (${this.semiJoin(depth)})`;
      default:
        return `(${this.conditions(depth - 1)})`;
    }
  }
  conditions(depth) {
    const kind = this.next();
    if (kind < 0.15) return `${this.keyword('NOT')} ${this.condition(depth)}`;
    if (kind < 0.5) return this.condition(depth);
    return this.list(() => this.condition(depth), 3, this.pick([' AND ', ' OR ', ' and ']));
  }
  semiJoin(depth) {
    return (
      `SELECT ${this.field()} ${this.from()}` +
      this.maybe(0.6, () => `WHERE ${this.conditions(depth - 1)}`) +
      this.maybe(0.15, () => this.withFilter())
    );
  }
  from() {
    const source = () =>
      this.name() +
      this.maybe(0.25, () => this.pick(['c', 'AS x', 'acc', this.pick(SOFT)])) +
      this.maybe(0.1, () => `USING ${this.list(() => this.pick(['SCOPE mine', 'LOOKUP a.b']), 2)}`);
    return `${this.keyword('FROM')} ${this.list(source, this.next() < 0.15 ? 3 : 1)}`;
  }
  withFilter() {
    if (this.next() < 0.5) return `WITH ${this.plain()} = ${this.string()}`;
    const category = () => {
      const which = this.pick(['AT', 'ABOVE', 'BELOW', 'ABOVE_OR_BELOW']);
      const names = () => this.plain();
      return `${this.name()} ${which} ${this.next() < 0.5 ? names() : `(${this.list(names, 3)})`}`;
    };
    return `WITH DATA CATEGORY ${this.list(category, 2, ' AND ')}`;
  }
  withName() {
    const argument = () => `${this.plain()} = ${this.pick([this.string(), '5', 'true'])}`;
    return `WITH ${this.plain()}` + this.maybe(0.3, () => `(${this.list(argument, 2)})`);
  }
  integer() {
    return this.apex && this.next() < 0.3 ? this.bind() : this.pick(['1', '200', '-5', '+3']);
  }
  item(depth) {
    const kind = this.next();
    const alias = this.maybe(0.2, () => this.alias());
    if (kind < 0.75) return this.field() + alias;
    if (kind < 0.83) {
      const fields = () => this.list(() => this.plain(), 2);
      const branches = this.list(() => `WHEN ${this.plain()} THEN ${fields()}`, 2, ' ');
      return `TYPEOF ${this.name()} ${branches}${this.maybe(0.5, () => `ELSE ${fields()}`)} END${alias}`;
    }
    if (kind < 0.9) return this.distance() + alias;
    return depth > 0 ? `(${this.query(depth - 1)})${alias}` : this.field();
  }
  groupBy(depth) {
    const fields = this.list(() => this.field(), 3);
    const groups = this.pick([fields, `ROLLUP(${fields})`, `CUBE (${fields})`]);
    return `GROUP BY ${groups}${this.maybe(0.4, () => `HAVING ${this.conditions(depth)}`)}`;
  }
  orderBy() {
    const key = () =>
      (this.next() < 0.9 ? this.field() : this.distance()) +
      this.maybe(0.4, () => this.pick(['ASC', 'desc'])) +
      this.maybe(0.3, () => this.pick(['NULLS FIRST', 'nulls last']));
    return `ORDER  BY ${this.list(key, 3)}`;
  }
  query(depth) {
    const items =
      this.next() < 0.08 ? 'COUNT()' : this.list(() => this.item(depth), 4);
    return (
      `${this.keyword('SELECT')} ${items} ${this.from()}` +
      this.maybe(0.6, () => `${this.keyword('WHERE')} ${this.conditions(depth)}`) +
      this.maybe(0.1, () => this.withFilter()) +
      this.maybe(0.12, () => this.list(() => this.withName(), 2, ' ')) +
      this.maybe(0.2, () => this.groupBy(depth)) +
      this.maybe(0.3, () => this.orderBy()) +
      this.maybe(0.3, () => `LIMIT ${this.integer()}`) +
      this.maybe(0.2, () => `OFFSET ${this.integer()}`) +
      this.maybe(0.05, () => `BIND ${this.name()} = ${this.string()}`) +
      this.maybe(0.1, () => this.pick(['FOR VIEW', 'FOR REFERENCE'])) +
      this.maybe(0.08, () => `UPDATE ${this.list(() => this.pick(['TRACKING', 'VIEWSTAT']), 2)}`)
    );
  }

  /** A copy with one or two tokens taken out, repeated, swapped, replaced or put in. */
  broken(query) {
    const tokens = query.match(/'(?:\\.|[^'\\])*'|[\w.]+|\s+|[^\s\w]/g);
    for (let n = 1 + this.below(2); n > 0; n--) {
      const at = this.below(tokens.length);
      const other = this.below(tokens.length);
      switch (this.below(5)) {
        case 0:
          tokens.splice(at, 1);
          break;
        case 1:
          tokens.splice(at, 0, tokens[other]);
          break;
        case 2:
          [tokens[at], tokens[other]] = [tokens[other], tokens[at]];
          break;
        case 3:
          tokens.splice(at, 0, ` ${this.pick(BREAKERS)} `);
          break;
        default:
          tokens[at] = this.pick(BREAKERS);
      }
    }
    return tokens.join('');
  }

  /** A query, as likely broken as not. */
  any() {
    const query = this.query(2);
    return this.next() < 0.5 ? query : this.broken(query);
  }
}
