/** What a person would see on a terminal: just as much of one as the view and our logs need (ECMA-48, xterm). */
export class TerminalScreen {
  readonly #columns: number;
  readonly #rows: number;
  #main: Grid;
  #alternate: Grid;
  #isAlternate = false;
  #isCursorShown = true;
  #wraps = true;
  /** The beginning of a sequence, the rest of which has not come yet. */
  #rest = '';

  constructor({ columns, rows }: { readonly columns: number; readonly rows: number }) {
    this.#columns = columns;
    this.#rows = rows;
    this.#main = new Grid(rows);
    this.#alternate = new Grid(rows);
  }

  /** Whether another screen than that of the shell is shown. */
  get isAlternate(): boolean {
    return this.#isAlternate;
  }

  get isCursorShown(): boolean {
    return this.#isCursorShown;
  }

  get wraps(): boolean {
    return this.#wraps;
  }

  /** Without the spaces at their ends. */
  get lines(): readonly string[] {
    return this.#grid.lines.map(line => line.trimEnd());
  }

  get text(): string {
    return this.lines.join('\n').trimEnd();
  }

  get #grid(): Grid {
    return this.#isAlternate ? this.#alternate : this.#main;
  }

  write(bytes: string): void {
    let text = this.#rest + bytes;
    this.#rest = '';
    while (text !== '') {
      const [whole] = /^(?:\u001b\[([?\d;]*)([A-Za-z])|\r|\n|[^\u001b\r\n]+)/.exec(text) ?? [];
      if (whole === undefined) {
        if (text.startsWith('\u001b') && text.length < 16) {
          this.#rest = text;
          return;
        }
        throw new Error(`not understood: ${JSON.stringify(text.slice(0, 20))}`);
      }
      this.#do(whole);
      text = text.slice(whole.length);
    }
  }

  #do(whole: string): void {
    if (whole === '\r') this.#grid.column = 0;
    else if (whole === '\n') this.#grid.feed();
    else if (whole.startsWith('\u001b')) this.#control(whole.slice(2, -1), whole.slice(-1));
    else for (const character of whole) this.#grid.put(character, this.#columns, this.#wraps);
  }

  #control(argument: string, final: string): void {
    switch (`${final}${argument}`) {
      case 'h?1049':
        this.#isAlternate = true;
        this.#alternate = new Grid(this.#rows);
        return;
      case 'l?1049':
        this.#isAlternate = false;
        return;
      case 'h?25':
      case 'l?25':
        this.#isCursorShown = final === 'h';
        return;
      case 'h?7':
      case 'l?7':
        this.#wraps = final === 'h';
        return;
      case 'h?2026':
      case 'l?2026':
        return;
      case 'H':
        return this.#grid.home();
      case 'J':
        return this.#grid.eraseBelow();
      case 'J2':
        return this.#grid.erase();
      case 'K':
        return this.#grid.eraseLine();
      default:
        if (final !== 'm') throw new Error(`not understood: ${final}${argument}`);
    }
  }
}

class Grid {
  lines: string[];
  row = 0;
  column = 0;

  constructor(rows: number) {
    this.lines = Array.from({ length: rows }, () => '');
  }

  put(character: string, columns: number, wraps: boolean): void {
    if (this.column === columns) {
      if (!wraps) return;
      this.column = 0;
      this.feed();
    }
    const line = this.lines[this.row]!.padEnd(this.column);
    this.lines[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
    this.column += 1;
  }

  feed(): void {
    if (this.row < this.lines.length - 1) this.row += 1;
    else this.lines = [...this.lines.slice(1), ''];
  }

  home(): void {
    this.row = 0;
    this.column = 0;
  }

  eraseLine(): void {
    this.lines[this.row] = this.lines[this.row]!.slice(0, this.column);
  }

  eraseBelow(): void {
    this.eraseLine();
    this.lines = this.lines.map((line, row) => (row > this.row ? '' : line));
  }

  erase(): void {
    this.lines = this.lines.map(() => '');
  }
}
