/** `node dist/test/api/report.js` writes the reports of the public API anew: `npm run api:update`. */
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The entry points of the package. */
export const ENTRIES = ['pipeline', 'stages', 'cache', 'model', 'engine'] as const;

/**
 * Compares what an entry point exports with its report, `test/api/ENTRY.api.md`.
 * @param write writes the report anew where they differ
 * @returns whether they differed
 */
export function apiChanged(entry: (typeof ENTRIES)[number], write: boolean): boolean {
  const file = `${ROOT}api-extractor.json`;
  const common = ExtractorConfig.loadFile(file);
  const config = ExtractorConfig.prepare({
    configObject: {
      ...common,
      mainEntryPointFilePath: `${ROOT}dist/${entry}/index.d.ts`,
      apiReport: { enabled: true, ...common.apiReport, reportFileName: entry },
    },
    configObjectFullPath: file,
    packageJsonFullPath: `${ROOT}package.json`,
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: write,
    messageCallback: (message) => {
      // The test says what is to be done.
      message.handled = true;
    },
  });
  return apiReportChanged;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const entry of ENTRIES)
    if (apiChanged(entry, true)) console.log(`test/api/${entry}.api.md is new`);
