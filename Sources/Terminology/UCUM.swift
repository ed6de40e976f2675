/// Syntax of the Unified Code for Units of Measure, case sensitive form (UCUM 2.1, section 2).
package enum UCUM {
    /// What is wrong with a unit; nil when its syntax is right and its symbols are known here.
    package static func fault(_ unit: String) -> String? {
        var parser = Parser(rest: Array(unit.utf8)[...])
        do throws(Fault) {
            try parser.mainTerm()
            guard parser.rest.isEmpty else { throw Fault.syntax }
            return nil
        } catch {
            switch error {
            case .syntax: return "not a unit in UCUM: write factors joined by . or /, as in mg/dL or 10*3/uL"
            case .unknown: return "a unit symbol that UCUM does not have; its symbols are case sensitive, as in mL, mm[Hg], Cel"
            }
        }
    }

    private enum Fault: Error { case syntax, unknown }

    private struct Parser {
        var rest: ArraySlice<UInt8>
        private var depth = 0

        init(rest: ArraySlice<UInt8>) { self.rest = rest }

        mutating func mainTerm() throws(Fault) {
            if rest.first == UInt8(ascii: "/") { rest = rest.dropFirst() }
            try term()
        }

        private mutating func term() throws(Fault) {
            try component()
            while let sign = rest.first, sign == UInt8(ascii: ".") || sign == UInt8(ascii: "/") {
                rest = rest.dropFirst()
                try component()
            }
        }

        private mutating func component() throws(Fault) {
            guard let first = rest.first else { throw .syntax }
            if first == UInt8(ascii: "(") {
                depth += 1
                guard depth <= 16 else { throw .syntax }
                rest = rest.dropFirst()
                try term()
                guard rest.first == UInt8(ascii: ")") else { throw .syntax }
                rest = rest.dropFirst()
                depth -= 1
                return
            }
            if first == UInt8(ascii: "{") { return try annotation() }
            let digits = rest.prefix(while: CodeForm.isDigit)
            let isPower = digits.elementsEqual("10".utf8) && ["*", "^"].contains(rest.dropFirst(2).first.map { Character(Unicode.Scalar($0)) })
            if !digits.isEmpty, !isPower {
                rest = rest.dropFirst(digits.count)
            } else {
                try symbol()
                try exponent()
            }
            if rest.first == UInt8(ascii: "{") { try annotation() }
        }

        private mutating func annotation() throws(Fault) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")), rest[..<end].allSatisfy({ (0x20...0x7E).contains($0) }),
                !rest[..<end].dropFirst().contains(UInt8(ascii: "{"))
            else { throw .syntax }
            rest = rest[(end + 1)...]
        }

        private mutating func exponent() throws(Fault) {
            let sign = rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") ? 1 : 0
            let digits = rest.dropFirst(sign).prefix(while: CodeForm.isDigit)
            guard !digits.isEmpty || sign == 0, digits.count <= 3 else { throw .syntax }
            rest = rest.dropFirst(digits.isEmpty ? 0 : sign + digits.count)
        }

        private mutating func symbol() throws(Fault) {
            var text: [UInt8] = []
            var within = false
            while let byte = rest.first {
                if byte == UInt8(ascii: "[") {
                    guard !within else { throw .syntax }
                    within = true
                } else if byte == UInt8(ascii: "]") {
                    guard within else { throw .syntax }
                    within = false
                } else if !within {
                    let isLetter = CodeForm.isCapital(byte) || (0x61...0x7A).contains(byte)
                    let isSign = "%*^'\"_".utf8.contains(byte)
                    let isTen = text.count < 2 && CodeForm.isDigit(byte) && (text.isEmpty || text == [0x31])
                    guard isLetter || isSign || isTen else { break }
                } else if byte <= 0x20 || byte >= 0x7F {
                    throw .syntax
                }
                text.append(byte)
                rest = rest.dropFirst()
            }
            guard !text.isEmpty, !within else { throw .syntax }
            guard UCUMSymbols.isKnown(String(decoding: text, as: UTF8.self)) else { throw .unknown }
        }
    }
}

/// Symbols of units that health records use.
enum UCUMSymbols {
    /// Whether a symbol is a unit, or a prefix and a metric unit.
    static func isKnown(_ symbol: String) -> Bool {
        if metric.contains(symbol) || others.contains(symbol) { return true }
        return prefixes.contains { symbol.hasPrefix($0) && metric.contains(String(symbol.dropFirst($0.count))) }
    }

    private static let prefixes = [
        "da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y", "Ki", "Mi", "Gi",
        "Ti",
    ]

    private static let metric = words(
        """
        m s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L ar t bar u eV pc kat U cal cal_th cal_IT
        [iU] [IU] osm eq g% m[H2O] m[Hg] Np B B[SPL] B[V] B[mV] B[uV] B[W] st Ci R RAD REM dyn erg P St G Gal Mx ph Lmb mho Bd bit
        By tex [Amb'a'1'U] K gf [wn] Ao
        """)

    private static let others = words(
        """
        10* 10^ % [pi] [ppth] [ppm] [ppb] [pptr] deg ' '' gon min h d wk a a_j a_t a_g mo mo_j mo_s mo_g [degF] [degR] [degRe]
        [in_i] [ft_i] [yd_i] [mi_i] [nmi_i] [kn_i] [fth_i] [sin_i] [sft_i] [syd_i] [cin_i] [cft_i] [cyd_i] [in_us] [ft_us] [mi_us]
        [lb_av] [oz_av] [dr_av] [gr] [stone_av] [ston_av] [lton_av] [oz_tr] [lb_tr] [oz_ap] [dr_ap] [sc_ap] [lb_ap]
        [gal_us] [qt_us] [pt_us] [gil_us] [foz_us] [fdr_us] [min_us] [cup_us] [tbs_us] [tsp_us] [cup_m] [tbs_m] [tsp_m] [foz_m]
        [gal_br] [qt_br] [pt_br] [foz_br] [psi] [in_i'H2O] [in_i'Hg] atm att [lbf_av] [HP] [Btu] [Btu_IT] [Cal] [drp] [pH] [S]
        [arb'U] [USP'U] [hp_X] [hp_C] [HPF] [LPF] [MET] [PRU] [wood'U] [diop] [p'diop] [mesh_i] [Ch] [hnsf'U] [CFU] [PFU] [FFU]
        [BAU] [AU] [EU] [ELU] [FEU] [GPL'U] [MPL'U] [APL'U] [bdsk'U] [todd'U] [beth'U] [dye'U] [ka'U] [knk'U] [mclg'U] [tb'U]
        [smgy'U] [CCID_50] [TCID_50] [EID_50] [D'ag'U] [Lf] [anti'Xa'U] [IR] [Amb'a'1'U] [acr_us] har b bit_s circ sph m[H2O] [c]
        [h] [k] [e] [m_e] [G] [g] [ly] [pnt] [pca] [ssf'U] [m/s2/Hz^0.5] [car_m] [car_Au] [rlk_us] [rch_us] [rd_us] [fur_us]
        """)

    private static func words(_ text: String) -> Set<String> {
        Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
    }
}
