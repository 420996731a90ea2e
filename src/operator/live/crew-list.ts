/** The processes of `cutover up`, as its own events tell: also while there is no control to ask. Pure. */
import type { CutoverEvent } from '../../kernel/events.js';

export interface CrewMember {
  readonly role: string;
  readonly pid: number;
  readonly state: 'starting' | 'ready' | 'again';
}

/** In the order in which they were started first; what ended for good is left out. */
export function crewAfter(crew: readonly CrewMember[], event: CutoverEvent): readonly CrewMember[] {
  switch (event.type) {
    case 'role-started':
      return changed(crew, { role: event.role, pid: event.pid, state: 'starting' });
    case 'role-ready':
      return changed(crew, { role: event.role, pid: event.pid, state: 'ready' });
    case 'role-ended':
      return event.restartIn === undefined
        ? crew.filter(({ role }) => role !== event.role)
        : changed(crew, { role: event.role, pid: event.pid, state: 'again' });
    default:
      return crew;
  }
}

const changed = (crew: readonly CrewMember[], member: CrewMember): readonly CrewMember[] =>
  crew.some(({ role }) => role === member.role)
    ? crew.map(each => (each.role === member.role ? member : each))
    : [...crew, member];
