import { expect } from 'chai';
import { familyOf, processStat, socketsByPort } from '../../../bench/figures/process-stat.js';

/** The fields of proc_pid_stat(5) from the third one (state) on. */
const stat = (name: string) =>
  `42 (${name}) S 7 42 42 0 -1 4194560 900 0 3 0 150 50 20 5 20 0 11 0 81000 733000000 256 1844674`;

describe('what Linux tells of a process', () => {
  it('yields its parent, its CPU time with that of its ended children, and its memory', () => {
    expect(processStat(stat('node'))).to.deep.equal({ parent: 7, cpu: 2.25, memory: 1_048_576 });
  });

  it('is not confused by the name of a program', () => {
    expect(processStat(stat('a) Z 1 (b'))?.parent).to.equal(7);
  });

  it('yields nothing of a process that has ended', () => {
    expect(processStat('')).to.equal(undefined);
  });

  it('finds all that descend from a process, and nobody else', () => {
    const parents = new Map([
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 3],
      [6, 1],
    ]);
    expect(familyOf(2, parents)).to.have.members([2, 3, 4, 5]);
    expect(familyOf(6, parents)).to.deep.equal([6]);
  });

  it('knows sockets by their local ports', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0',
      '   1: 0100007F:C001 0100007F:1F90 01 00000000:00000000 02:000004D6 00000000  1000        0 888 2 0',
      '',
    ].join('\n');
    expect([...socketsByPort(table)]).to.deep.equal([
      [8080, '777'],
      [49_153, '888'],
    ]);
  });
});
