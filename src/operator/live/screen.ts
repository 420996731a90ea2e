/**
 * A terminal that is painted over and given back as it was. The alternate screen keeps what stood there
 * (xterm's control sequences, "Alternate Screen Buffer"); a frame is one write, over the one before, without
 * erasing first, so that nothing flickers.
 */
import { painted, type Line } from './spans.js';
import type { Size } from './lines.js';

/** All that is needed of a stream such as stdout. */
export interface Canvas {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const ESC = '\u001b[';
/** Alternate screen, no cursor, no wrapping of lines. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
/** Terminals that know synchronized output show a frame only when it is whole; others ignore this. */
const BEGIN = `${ESC}?2026h${ESC}H`;
const END = `${ESC}J${ESC}?2026l`;
const END_OF_LINE = `${ESC}K`;

export class Screen {
  readonly #canvas: Canvas;
  readonly #colours: boolean;
  #isOpen = false;

  constructor(canvas: Canvas, colours: boolean) {
    this.#canvas = canvas;
    this.#colours = colours;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A terminal that does not tell its size, or tells 0, is taken for an old one. */
  get size(): Size {
    const { columns = 0, rows = 0 } = this.#canvas;
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#canvas.write(ENTER);
  }

  paint(lines: readonly Line[]): void {
    if (!this.#isOpen) return;
    const { columns } = this.size;
    const shown = lines.map(line => painted(line, columns, this.#colours) + END_OF_LINE);
    this.#canvas.write(`${BEGIN}${shown.join('\r\n')}${END}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#canvas.write(LEAVE);
  }
}
