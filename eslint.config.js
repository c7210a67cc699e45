import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// Imports run one way: bin -> pipeline -> stages -> {cache, model}.
const layers = [
  { target: './cache', from: ['./bin', './pipeline', './stages', './model', './bench', './test'] },
  { target: './model', from: ['./bin', './pipeline', './stages', './cache', './bench', './test'] },
  { target: './stages', from: ['./bin', './pipeline', './bench', './test'] },
  { target: './pipeline', from: ['./bin', './bench', './test'] },
  { target: './bin', from: ['./bench', './test'] },
];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'avme-demo/', '**/*.d.cts'] },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: layers }],
      'import-x/no-cycle': 'error',
      'max-lines': ['error', { max: 250, skipComments: true, skipBlankLines: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  // Printing is the business of bin/ alone.
  { files: ['pipeline/**', 'stages/**', 'cache/**', 'model/**'], rules: { 'no-console': 'error' } },
  { files: ['test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
