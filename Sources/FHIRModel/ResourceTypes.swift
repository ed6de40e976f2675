/// The names of R4's resource types (R4 4.0.1, resource list).
package enum ResourceTypes {
    /// Whether a text looks like one: a capital and letters.
    package static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.first.map { (0x41...0x5A).contains($0) } ?? false && bytes.count <= 64
            && bytes.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
    }

    /// All of R4's.
    package static let all: Set<String> = Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))

    private static let text = """
        Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
        Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
        ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication
        CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
        CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
        DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
        Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
        EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group
        GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation
        ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication
        MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement
        MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
        MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
        MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
        MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
        OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation
        Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
        RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
        RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
        StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
        SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
        TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
        """

    /// Those this node reads.
    package static var supported: [String] { ElementTables.r4.resources.keys.sorted() }
}
