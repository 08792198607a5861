// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Grafana's Dashboard, but for a panel's options and its fields' own settings: those are open records there, so each kind
// that we use is bound to the types of its plugin. JSON has an enumeration's values, not its names, hence Json<>.
import type { Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel } from "@grafana/schema";
import type * as Gauge from "@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen.js";
import type * as PieChart from "@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen.js";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.js";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.js";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.js";

type Json<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends Array<infer Item> ? Array<Json<Item>> : T extends object ? { [Name in keyof T]: Json<T[Name]> } : T;

interface Fields<Custom> extends Omit<FieldConfigSource, "defaults"> {
  defaults: Omit<FieldConfig, "custom"> & { custom?: Partial<Custom> };
}
type Of<Kind extends string, Options, Custom = Record<string, never>> = Omit<Panel, "type" | "options" | "fieldConfig"> & {
  type: Kind;
  options: Partial<Options>;
  fieldConfig: Fields<Custom>;
};
type Known =
  | Of<"gauge", Gauge.Options>
  | Of<"piechart", PieChart.Options, PieChart.FieldConfig>
  | Of<"stat", Stat.Options>
  | Of<"table", Table.Options, Table.FieldConfig>
  | Of<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>;

export type Checked = Json<Omit<Dashboard, "panels"> & { panels: Array<RowPanel | Known> }>;
