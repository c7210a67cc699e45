// The house, checked: imports run one way from room to room, and never in a circle, types included.
// A room may import the rooms of the floors below its own, and no room beside it.
const FLOORS = [
  ['bench'],
  ['test'],
  ['docs'],
  ['bin'],
  ['experiments', 'inspector'],
  ['pipeline'],
  ['rendering', 'stages'],
  ['cache', 'model'],
  ['engine'],
];

const oneWay = FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const forbidden = [
      ...FLOORS.slice(0, floor).flat(),
      ...rooms.filter((other) => other !== room),
    ];
    return {
      name: `${room}-imports-below`,
      comment: 'Move what both rooms need to the lower one, or let the upper one pass it in.',
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: `^(${forbidden.join('|')})/` },
    };
  }),
).filter(({ to }) => to.path !== '^()/');

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Types count too: a type that two files share belongs in a third, below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-room-index',
      comment:
        "A room's index.ts is for users of the package; our own code imports the file itself.",
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^(pipeline|stages|cache|model|engine)/index\\.ts$' },
    },
    ...oneWay,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules)/' },
  },
};
