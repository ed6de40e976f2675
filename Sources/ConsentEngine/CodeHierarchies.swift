import ExchangeCore

/// Which purposes of use are kinds of which (HL7 v3-ActReason, PurposeOfUse).
enum PurposesOfUse {
    /// The purpose a purpose is a kind of; purposes at the top are under `PurposeOfUse`.
    private static let parents: [String: String] = {
        let kinds: [(String, [String])] = [
            ("PurposeOfUse", ["HMARKT", "HOPERAT", "HPAYMT", "HRESCH", "PATRQT", "PUBHLTH", "TREAT"]),
            (
                "HOPERAT",
                [
                    "CAREMGT", "DONAT", "FRAUD", "GOV", "HACCRED", "HCOMPL", "HDECD", "HDIRECT", "HDM", "HLEGAL",
                    "HOUTCOMS", "HPRGRP", "HQUALIMP", "HSYSADMIN", "LABELING", "METAMGT", "MEMADMIN", "MILCDM",
                    "PATADMIN", "PATSFTY", "PERFMSR", "RECORDMGT", "SYSDEV", "HTEST", "TRAIN",
                ]
            ),
            (
                "HPAYMT",
                ["CLMATTCH", "COVAUTH", "COVERAGE", "ELIGDTRM", "ELIGVER", "ENROLLM", "MILDCRG", "REMITADV"]
            ),
            (
                "HRESCH",
                ["BIORCH", "CLINTRCH", "CLINTRCHNPC", "CLINTRCHPC", "PRECLINTRCH", "DSRCH", "POARCH", "TRANSRCH"]
            ),
            ("PATRQT", ["FAMRQT", "PWATRNY", "SUPNWK"]), ("PUBHLTH", ["DISASTER", "THREAT"]),
            // BTG is left out: who refuses treatment has not refused help in an emergency, who refuses all has.
            ("TREAT", ["CLINTRL", "COC", "ETREAT", "POPHLTH"]), ("ETREAT", ["ERTREAT"]),
            ("CLINTRCH", ["CLINTRCHNPC", "CLINTRCHPC", "PRECLINTRCH"]),
        ]
        var parents: [String: String] = ["BTG": "PurposeOfUse"]
        for (parent, children) in kinds { for child in children { parents[child] = parent } }
        return parents
    }()

    /// The names under which a purpose counts as one of v3-ActReason.
    private static let systems = [CodeSystems.actReason, "urn:oid:2.16.840.1.113883.5.8"]

    /// Whether a rule's purpose is the one presented: that of v3-ActReason, or a community's own that ActReason lacks.
    static func isUsable(_ purpose: CodedValue) -> Bool {
        systems.contains { same($0, purpose.system) } || parents[purpose.code] == nil
    }

    /// The purpose itself and all it is a kind of.
    static func withWider(_ purpose: String) -> [String] {
        var chain = [purpose]
        while let parent = chain.last.flatMap({ parents[$0] }), chain.count < 8 { chain.append(parent) }
        return chain
    }
}

/// Which sensitivities are kinds of which (HL7 v3-ActCode, InformationSensitivityPolicy).
enum SensitivityCodes {
    /// What a permit of the code covers besides the code itself.
    private static let narrower: [String: [String]] = [
        "ETH": ["ETHUD", "OPIOIDUD", "SUD"], "SUD": ["ETHUD", "OPIOIDUD", "ETH"],
        "BH": ["COGN", "DVD", "EMOTDIS", "MH", "PSY", "ETH", "SUD", "ETHUD", "OPIOIDUD"], "MH": ["PSY"],
        "PSY": ["MH"], "SDV": ["MST"], "SCA": ["SICKLE"], "SICKLE": ["SCA"],
    ]
    /// What only a deny of the code covers: psychotherapy notes want a permission of their own.
    private static let alsoDenied: [String: [String]] = [
        "BH": ["PSYTHPN"], "MH": ["PSYTHPN"], "PSY": ["PSYTHPN"], "STD": ["HIV"], "SEX": ["PREGNANT"],
        "GDIS": ["SCA", "SICKLE"],
        "SPI": [
            "BH", "COGN", "DVD", "EMOTDIS", "MH", "PSY", "PSYTHPN", "ETH", "SUD", "ETHUD", "OPIOIDUD", "GDIS", "HIV",
            "SCA", "SDV", "MST", "SEX", "STD", "SICKLE",
        ],
    ]

    /// The codes of documents that a rule's code speaks about.
    ///
    /// A deny also takes what the code is a kind of, as such a document may hold what is refused.
    static func covered(by code: String, _ effect: ConsentEffect) -> [String] {
        let kinds = [code] + (narrower[code] ?? [])
        guard effect == .deny else { return kinds }
        let wider = narrower.filter { $0.value.contains(code) }.keys.sorted()
        return kinds + (alsoDenied[code] ?? []) + wider
    }
}
